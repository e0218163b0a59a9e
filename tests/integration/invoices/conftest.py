"""A mail server of our own, since it has to misbehave."""

from collections.abc import Iterator
from typing import Any

import pytest

from invoices.mail import InvoiceMail, invoice_mail
from local.smtp import Smtp
from tests.integration.invoices.offering import Begin
from tests.unit.invoices.documents import document


@pytest.fixture(scope="session")
def own_smtp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Smtp]:
    smtp = Smtp(tmp_path_factory.mktemp("smtp"))
    smtp.start()
    try:
        smtp.wait_ready()
        yield smtp
    finally:
        smtp.stop()
        smtp.release()


@pytest.fixture
def mail_server(own_smtp: Smtp, settings: Any) -> Smtp:
    """The server Django's settings name: empty, well-behaved, waited for 2 seconds."""
    own_smtp.behave("accept")
    own_smtp.journal.clear()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = own_smtp.port
    settings.EMAIL_TIMEOUT = 2
    return own_smtp


@pytest.fixture
def mail() -> InvoiceMail:
    return invoice_mail(document(), pdf=b"%PDF\n.\n..\n" * 10_000)


@pytest.fixture
def begin(mail: InvoiceMail) -> Begin:
    return Begin(mail.raw)
