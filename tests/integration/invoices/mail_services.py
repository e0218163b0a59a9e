"""E-mail backends of services that keep what they took in a directory: with keys, and without."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class PlainService(BaseEmailBackend):
    """Takes every mail it is given into `directory`; then fails, the first `failures` times."""

    directory: Path
    failures = 0

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            calls = len(asked())
            (_directory() / f"{calls}.asked").write_text(self._key(message))
            self._take(message, calls)
            if calls < self.failures:
                raise ConnectionResetError("cut after the mail was taken")
        return len(email_messages)

    def _key(self, message: EmailMessage) -> str:
        return str(message.extra_headers.get("Idempotency-Key", ""))

    def _take(self, message: EmailMessage, calls: int) -> None:
        (_directory() / f"{calls}.mail").write_bytes(message.message().as_bytes())


class KeyedService(PlainService):
    """Takes a mail once for each key."""

    takes_idempotency_key = True

    def _take(self, message: EmailMessage, calls: int) -> None:
        name = hashlib.sha256(self._key(message).encode()).hexdigest()
        (_directory() / f"{name}.mail").write_bytes(message.message().as_bytes())


def mails() -> list[Path]:
    """What customers got."""
    return sorted(_directory().glob("*.mail"))


def asked() -> list[str]:
    """The keys the service was given, in order."""
    files = sorted(_directory().glob("*.asked"), key=lambda each: int(each.stem))
    return [each.read_text() for each in files]


def _directory() -> Path:
    return PlainService.directory
