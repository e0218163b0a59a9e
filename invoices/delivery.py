"""Delivery: one mail handed to the mail server, and what its refusals and silences mean."""

import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.core.mail import get_connection
from django.core.mail.backends.smtp import EmailBackend

from events.errors import (
    EffectUnknown,
    HandlingError,
    InvalidEvent,
    ServiceUnavailable,
    WaybillError,
)
from invoices.mail import InvoiceMail

# Giving up while the server files the mail means a second copy: its last word may take longer
# than any other (RFC 5321, 4.5.3.2.6), this many times EMAIL_TIMEOUT.
_LAST_WORD = 3
_GOODBYE_S = 1.0
_GO_AHEAD = 354
_SHUTTING_DOWN = 421
# Our login is wrong or missing: no mail would get through, so no mail is to blame.
_NOT_LET_IN = {530, 534, 535, 538}
_REPLY_CHARACTERS = 300


class MailRefused(InvalidEvent):
    """The mail server refused the mail for good; trying again would not help."""


class MailPostponed(HandlingError):
    """The mail server did not take the mail this time; the mail is certainly not on its way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What sends the content of one mail when it is called, and returns once the server took it.

    `is_repeatable`: the server knows the mail by its Message-ID and delivers it once, however
    often it is sent.
    """

    send: Callable[[bytes], object]
    is_repeatable: bool = False

    def __call__(self, content: bytes) -> None:
        """Send the content; raises what `offered` says."""
        self.send(content)


@contextmanager
def offered(mail: InvoiceMail) -> Iterator[Offer]:
    """Offer the mail to the server of Django's e-mail settings; all but the content is accepted.

    Yields what sends the content and returns once the server took it. Both raise
    ServiceUnavailable (no server, or it lets nobody in), MailPostponed (try again) or MailRefused
    (never try again): nothing is on its way. Only sending the content raises EffectUnknown: the
    server's answer never came. Backends other than SMTP get Django's message, not the bytes; one
    whose class says `takes_idempotency_key = True` gets it with a header `Idempotency-Key`, the
    Message-ID, and promises to deliver one mail for each key. SMTP knows no such promise.
    """
    backend = get_connection()
    if isinstance(backend, EmailBackend):
        with SmtpConversation(backend).about(mail) as send:
            yield Offer(send=send)
    else:
        takes_key = bool(getattr(backend, "takes_idempotency_key", False))
        message = mail.with_idempotency_key() if takes_key else mail.message
        yield Offer(send=lambda _: backend.send_messages([message]), is_repeatable=takes_key)


def probe_mail_server() -> None:
    """Return if the mail server greets us and lets us in; raises ServiceUnavailable."""
    backend = get_connection()
    if isinstance(backend, EmailBackend):
        SmtpConversation(backend).probe()


class SmtpConversation:
    """What we say to the mail server that a Django SMTP backend names."""

    def __init__(self, backend: EmailBackend) -> None:
        self._backend = backend

    @contextmanager
    def about(self, mail: InvoiceMail) -> Iterator[Callable[[bytes], None]]:
        """Offer one mail; see `offered`."""
        smtp = self._connect()
        try:
            self._offer(smtp, mail)
            yield lambda content: self._send_content(smtp, content)
            _say_goodbye(smtp)
        finally:
            smtp.close()

    def probe(self) -> None:
        """Connect and log in, nothing else; raises ServiceUnavailable."""
        smtp = self._connect()
        _say_goodbye(smtp)
        smtp.close()

    def _connect(self) -> smtplib.SMTP:
        try:
            self._backend.open()
            smtp = self._backend.connection
            assert smtp is not None  # noqa: S101 - open() raises when it has none
            smtp.ehlo_or_helo_if_needed()
        except OSError as error:  # smtplib's and ssl's errors are OSErrors too
            self._hang_up()
            where = f"{self._backend.host}:{self._backend.port}"
            raise ServiceUnavailable("SMTP", f"{where}: {error}") from error
        self._backend.connection = None  # ours from here on
        return smtp

    def _hang_up(self) -> None:
        if self._backend.connection is not None:
            self._backend.connection.close()  # Django's own way would wait for a last answer
            self._backend.connection = None
        with suppress(OSError):
            self._backend.close()  # what stopped half-way, at TLS or login

    def _offer(self, smtp: smtplib.SMTP, mail: InvoiceMail) -> None:
        options = [f"size={len(mail.raw)}"] if smtp.has_extn("size") else []
        try:
            _expect_taken("the sender", *smtp.mail(mail.sender, options))
            _expect_taken("the recipient", *smtp.rcpt(mail.recipient))
            code, reply = smtp.docmd("DATA")
            if code != _GO_AHEAD:
                raise _refusal("the mail", code, reply)
        except smtplib.SMTPServerDisconnected as error:
            smtp.close()
            self.probe()
            raise MailPostponed(f"the mail server went silent: {error}") from error

    def _send_content(self, smtp: smtplib.SMTP, content: bytes) -> None:
        try:
            smtp.send(_with_end(content))
            if smtp.sock is not None and self._backend.timeout is not None:
                smtp.sock.settimeout(_LAST_WORD * self._backend.timeout)
            code, reply = smtp.getreply()
        except OSError as error:
            raise EffectUnknown(f"the mail server did not confirm the mail: {error}") from error
        _expect_taken("the content", code, reply)


def _expect_taken(what: str, code: int, reply: bytes) -> None:
    if not 200 <= code < 300:  # noqa: PLR2004 - SMTP's 2yz: done
        raise _refusal(what, code, reply)


def _refusal(what: str, code: int, reply: bytes) -> WaybillError:
    words = reply.decode("utf-8", "replace").replace("\0", "")[:_REPLY_CHARACTERS]
    told = f"{what} was not accepted: {code} {words}"
    if code == _SHUTTING_DOWN or code in _NOT_LET_IN:
        return ServiceUnavailable("SMTP", told)
    if 500 <= code < 600:  # noqa: PLR2004 - SMTP's 5yz: never
        return MailRefused(told)
    return MailPostponed(told)


def _with_end(content: bytes) -> bytes:
    """Return the content with its dots doubled and the final one appended (RFC 5321, 4.5.2)."""
    lines = content.removesuffix(b"\r\n").split(b"\r\n")
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
    return stuffed + b"\r\n.\r\n"


def _say_goodbye(smtp: smtplib.SMTP) -> None:
    # What comes now changes nothing: the mail is taken, or nothing was sent.
    with suppress(OSError):
        if smtp.sock is not None:
            smtp.sock.settimeout(_GOODBYE_S)
        smtp.quit()
