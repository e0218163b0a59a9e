"""The SMTP server process: `python -m local.smtp_server DIRECTORY PORT`."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from aiosmtpd.smtp import SMTP, Envelope, Session

from local.mail import Behaviour, MailJournal

logger = logging.getLogger(__name__)

_STORING: set[Behaviour] = {
    "accept",
    "hang_after_storing",
    "cut_before_answer",
    "cut_after_answer",
}
_AT_RECIPIENT: dict[Behaviour, str] = {
    "shut_down": "421 4.3.2 shutting down",
    "refuse_recipient_for_now": "451 4.3.0 not now",
    "refuse_recipient": "550 5.1.1 no such mailbox",
}
_AT_DATA: dict[Behaviour, str] = {
    "accept": "250 2.0.0 stored",
    "refuse_data_for_now": "451 4.3.0 not now",
    "refuse_data": "554 5.6.0 refused",
}


class JournalHandler:
    """Stores what comes in and answers as the journal's behaviour file says."""

    def __init__(self, journal: MailJournal) -> None:
        self._journal = journal

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        behaviour = self._journal.behaviour()
        if behaviour == "hang_at_recipient":
            self._note(behaviour)
            await _never()
        if behaviour in _AT_RECIPIENT:
            self._note(behaviour)
            return _AT_RECIPIENT[behaviour]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        behaviour = self._journal.behaviour()
        if behaviour != "accept":
            self._note(behaviour)
        if behaviour in _STORING:
            self._store(envelope)
        if behaviour in _AT_DATA:
            return _AT_DATA[behaviour]
        if behaviour == "cut_after_answer":
            await server.push(_AT_DATA["accept"])
        if behaviour.startswith("cut") and server.transport is not None:
            server.transport.close()  # sends what was pushed, and no more
        return await _never()

    def _store(self, envelope: Envelope) -> None:
        content = envelope.content
        mail = self._journal.append(
            content=content if isinstance(content, bytes) else str(content).encode(),
            sender=envelope.mail_from or "",
            recipients=list(envelope.rcpt_tos),
            at=datetime.now(UTC),
        )
        logger.info("stored %s for %s", mail.message_id, ", ".join(mail.recipients))

    def _note(self, behaviour: Behaviour) -> None:
        logger.info("behaving as told: %s", behaviour)
        self._journal.behaved()


async def _never() -> NoReturn:
    # The connection's end cancels the waiting task.
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def serve(directory: Path, *, port: int) -> None:
    """Receive mails until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    handler = JournalHandler(MailJournal(directory))
    # A host name of our own: looking up the machine's can take seconds.
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="localhost", enable_SMTPUTF8=True, loop=loop),
        host="127.0.0.1",
        port=port,
        reuse_address=True,
    )
    await stop.wait()
    server.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    asyncio.run(serve(Path(sys.argv[1]), port=int(sys.argv[2])))
