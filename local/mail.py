"""Mails as the SMTP server keeps them: the journal, its entries, and how the server behaves."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import os
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

Behaviour = Literal[
    "accept",  # store the mail, answer 250
    "shut_down",  # 421 at RCPT, as a server that is about to go
    "refuse_recipient_for_now",  # 451 at RCPT
    "refuse_recipient",  # 550 at RCPT
    "refuse_data_for_now",  # 451 after the data, nothing stored
    "refuse_data",  # 554 after the data, nothing stored
    "hang_at_recipient",  # never answer RCPT
    "hang_at_data",  # take the data, store nothing, never answer
    "hang_after_storing",  # store the mail, never answer
    "cut_before_storing",  # drop the connection after the data, nothing stored
    "cut_before_answer",  # store the mail, drop the connection without the 250
    "cut_after_answer",  # store the mail, answer 250, drop the connection
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """One line of the journal. `file` is the mail itself, as received."""

    received_at: datetime
    sender: str
    recipients: list[str]
    message_id: str
    sha256: str
    file: Path

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return email.message_from_bytes(self.file.read_bytes(), policy=email.policy.default)


class MailJournal:
    """The received mails on disk: one .eml file each, and one JSON line each, both durable."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._journal = directory / "journal.jsonl"
        self._behaviour = directory / "behaviour.json"

    def append(self, *, content: bytes, sender: str, recipients: list[str], at: datetime) -> Mail:
        """Store a mail. Returns when file and line are on disk."""
        mail = Mail(
            received_at=at,
            sender=sender,
            recipients=recipients,
            message_id=_message_id(content),
            sha256=hashlib.sha256(content).hexdigest(),
            file=self.directory / f"{at:%Y%m%dT%H%M%S.%f}-{uuid.uuid4().hex[:8]}.eml",
        )
        _write_durably(mail.file, content)
        line = {**asdict(mail), "received_at": at.isoformat(), "file": mail.file.name}
        _write_durably(self._journal, json.dumps(line).encode() + b"\n")
        return mail

    def mails(self) -> list[Mail]:
        """All mails in the order of arrival."""
        return self.after(0)[0]

    def after(self, position: int) -> tuple[list[Mail], int]:
        """The mails whose lines begin at byte `position` or later, and the position after them."""
        try:
            with self._journal.open("rb") as file:
                file.seek(position)
                grown = file.read()
        except FileNotFoundError:
            return [], position
        whole = grown[: grown.rfind(b"\n") + 1]  # what has no end yet is no line
        return [self._mail(json.loads(line)) for line in whole.splitlines()], position + len(whole)

    def end(self) -> int:
        """The position after the last mail."""
        return self.after(0)[1]

    def clear(self) -> None:
        """Forget all mails."""
        self._journal.unlink(missing_ok=True)
        for file in self.directory.glob("*.eml"):
            file.unlink()

    def set_behaviour(self, behaviour: Behaviour, *, times: int | None) -> None:
        """Tell the server how to behave from the next command on."""
        fresh = self._behaviour.with_suffix(".new")
        fresh.write_text(json.dumps({"behaviour": behaviour, "times": times}))
        fresh.rename(self._behaviour)

    def behaviour(self) -> Behaviour:
        """How the server is to behave now."""
        return self._read_behaviour()[0]

    def behaved(self) -> None:
        """Count one misbehaviour; the last one of a limited number brings back "accept"."""
        behaviour, times = self._read_behaviour()
        if times is not None:
            if times <= 1:
                self.set_behaviour("accept", times=None)
            else:
                self.set_behaviour(behaviour, times=times - 1)

    def _read_behaviour(self) -> tuple[Behaviour, int | None]:
        try:
            kept = json.loads(self._behaviour.read_text())
        except FileNotFoundError:
            return "accept", None
        return kept["behaviour"], kept["times"]

    def _mail(self, line: dict[str, str | list[str]]) -> Mail:
        return Mail(
            received_at=datetime.fromisoformat(str(line["received_at"])),
            sender=str(line["sender"]),
            recipients=list(line["recipients"]),
            message_id=str(line["message_id"]),
            sha256=str(line["sha256"]),
            file=self.directory / str(line["file"]),
        )


def _message_id(content: bytes) -> str:
    return str(email.message_from_bytes(content).get("Message-ID", "")).strip()


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
