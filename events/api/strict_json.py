"""Strict JSON: what is accepted here every later reader can read, and reads the same."""

import json
from itertools import accumulate
from typing import Any

import msgspec

_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # +1 and -1 as signed bytes
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_SHOWN_CHARACTERS = 64  # of a member's name in an error


class NotStrictJson(ValueError):
    """The bytes are no acceptable JSON; the text says what is wrong, and where as far as known."""


def parse(body: bytes, *, depth: int) -> Any:
    """Return the document; checking is linear in its size and recurses no deeper than `depth`.

    Refused besides what RFC 8259 refuses: other encodings than UTF-8, NUL and lone surrogates
    even escaped, numbers no reader can hold, a member name twice in one object, more than `depth`
    levels. Raises NotStrictJson.
    """
    text = _decoded(body)
    # Before any parser sees it: a parser's stack is what deep nesting attacks.
    if _is_deeper(body, than=depth):
        raise NotStrictJson(f"it is nested deeper than {depth} levels")
    if b"\\u0000" in body and b"\\u0000" in body.replace(b"\\\\", b"__"):
        raise NotStrictJson("it holds a NUL character (\\u0000)")
    document = _parsed(body)
    _refuse_repeated_names(text)
    return document


def _decoded(body: bytes) -> str:
    if not body.strip(b" \t\r\n"):
        raise NotStrictJson("it is empty")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise NotStrictJson(f"it is not UTF-8 (byte {error.start})") from error


def _is_deeper(body: bytes, *, than: int) -> bool:
    if body.count(b"[") + body.count(b"{") <= than:
        return False
    # Backslashes occur only inside strings, where they pair up from the left. Without them, every
    # other piece between quotation marks is outside of strings. Where the text is malformed this
    # may err, but only behind the place where the parser stops.
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(unescaped.split(b'"')[::2])
    steps = memoryview(outside.translate(_STEPS, _NO_BRACKETS)).cast("b")
    return max(accumulate(steps), default=0) > than


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        said = str(error).removeprefix("JSON is malformed: ")
        if said == "Input data was truncated":
            said = "it ends too early: cut off, or with half a surrogate pair"
        raise NotStrictJson(said[:1].lower() + said[1:]) from error


def _refuse_repeated_names(text: str) -> None:
    # One reader would take the first, another the last. The values do not matter here: `len` in
    # place of the number parsers spares their work and their limits.
    _names.decode(text)


def _without_repetition(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) < 2 or len({name for name, _ in pairs}) == len(pairs):  # noqa: PLR2004
        return
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            shown = name[:_SHOWN_CHARACTERS]
            raise NotStrictJson(f"the member {shown!r} occurs twice in one object")
        seen.add(name)


_names = json.JSONDecoder(
    object_pairs_hook=_without_repetition, parse_int=len, parse_float=len, strict=True
)
