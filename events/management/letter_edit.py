"""An edit of a dead letter on the terminal: read from a file, shown as a diff."""

import json
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path

from django.core.management.base import CommandError

from events.conf import waybill
from events.event import Headers
from events.operating.edit import Edit


def value_in(path: Path) -> bytes:
    """Return the content of a file; raises CommandError if there is none or it is too large."""
    most = waybill().limits.event_bytes
    try:
        with path.open("rb") as file:
            value = file.read(most + 1)
    except OSError as error:
        raise CommandError(f"--value-file: {error.strerror or error}") from error
    if len(value) > most:
        raise CommandError(f"--value-file: more than {most} bytes (limits.event_bytes)")
    return value


def with_headers(before: Headers, changes: Sequence[str]) -> Headers:
    """Return the headers with each NAME=VALUE set; raises CommandError for what is none.

    All others stay, also those of which there are several of one name.
    """
    changed: dict[str, bytes | None] = {}
    for change in changes:
        name, sign, value = change.partition("=")
        if not name or not sign:
            raise CommandError(f"--header: write NAME=VALUE, not {change!r}")
        changed[name] = value.encode("utf-8", "surrogateescape")
    return (*(each for each in before if each[0] not in changed), *changed.items())


def diff(edit: Edit) -> Iterator[str]:
    """Yield a unified diff of the headers, then of the value; nothing for what is the same."""
    yield from _lines("headers", _told(edit.before_headers), _told(edit.after_headers))
    before, after = edit.before_value, edit.after_value
    if before == after:
        return
    texts = _formatted(before), _formatted(after)
    if texts[0] is None or texts[1] is None:
        texts = _text(before), _text(after)
    if texts[0] is None or texts[1] is None:
        yield f"--- value: {_summary(before)}"
        yield f"+++ value: {_summary(after)}"
        return
    yield from _lines("value", texts[0].splitlines(), texts[1].splitlines())


def _lines(what: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    names = f"{what} of the letter", f"{what} as edited"
    for line in unified_diff(before, after, *names, lineterm=""):
        yield "".join(each if each.isprintable() else "\ufffd" for each in line)


def _told(headers: Headers) -> list[str]:
    texts = [(name, value, _text(value)) for name, value in headers]
    return [f"{name}: {_summary(raw) if text is None else text}" for name, raw, text in texts]


def _formatted(value: bytes | None) -> str | None:
    """Return JSON over several lines, so that a diff says what changed in it."""
    try:
        return (
            None if value is None else json.dumps(json.loads(value), indent=2, ensure_ascii=False)
        )
    except (ValueError, RecursionError):
        return None


def _text(value: bytes | None) -> str | None:
    try:
        text = None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
    return None if text is None or "\0" in text else text


def _summary(value: bytes | None) -> str:
    if value is None:
        return "none (null)"
    return f"binary, {len(value)} bytes, sha256 {sha256(value).hexdigest()}"
