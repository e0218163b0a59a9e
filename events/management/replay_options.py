"""How a command is told what to replay."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from events.management.moments import moment
from events.replaying.request import All, Offsets, ReplayRequest, Times

_OFFSETS = ("from_offset", "to_offset", "partition")
_TIMES = ("start", "before")
OF_A_REQUEST = ("topic", *_OFFSETS, *_TIMES, "type", "key", "mode", "rate", "from_archive")


def add_replay_options(parser: ArgumentParser) -> None:
    """Add what chooses the messages, and how they are run."""
    parser.add_argument(
        "--topic", action="append", help="only this topic; may be given several times"
    )
    parser.add_argument("--from-offset", type=int, help="from this offset on")
    parser.add_argument("--to-offset", type=int, help="before this offset")
    parser.add_argument("--partition", type=int, help="only this partition, of one topic")
    parser.add_argument(
        "--from", dest="start", type=moment, help="messages of this time (ISO 8601) or later"
    )
    parser.add_argument("--to", dest="before", type=moment, help="messages before this time")
    parser.add_argument("--type", help="only events of this type")
    parser.add_argument("--key", help="only messages with this key")
    parser.add_argument(
        "--mode",
        choices=("missing", "force"),
        help="missing (the default): what has no row in the group's ledger; force: everything, "
        "once more",
    )
    parser.add_argument("--rate", type=float, help="messages run a second, at most")
    parser.add_argument(
        "--from-archive",
        action="store_true",
        help="take what Kafka has no longer from the stored events",
    )


def replay_request(options: dict[str, Any]) -> ReplayRequest:
    """Return what was asked for; raises CommandError for offsets and times together."""
    key: str | None = options["key"]
    return ReplayRequest(
        group=options["group"],
        topics=tuple(options["topic"] or ()),
        range=_range(options),
        type=options["type"],
        key=None if key is None else key.encode("utf-8", "surrogateescape"),
        mode=options["mode"] or "missing",
        rate=options["rate"],
        from_archive=options["from_archive"],
    )


def _range(options: dict[str, Any]) -> All | Offsets | Times:
    by_offset = any(options[name] is not None for name in _OFFSETS)
    by_time = any(options[name] is not None for name in _TIMES)
    if by_offset and by_time:
        raise CommandError("choose by offsets or by times, not by both")
    if by_offset:
        return Offsets(
            first=options["from_offset"],
            before=options["to_offset"],
            partition=options["partition"],
        )
    return Times(start=options["start"], before=options["before"]) if by_time else All()
