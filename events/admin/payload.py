"""The value of a message as people read it: JSON laid out, text as text, other bytes as hex."""

from dataclasses import dataclass

import msgspec

LONGEST = 64 * 1024
_HEX = 1024
_DEEPEST = 64  # deeper JSON would grow a thousandfold by its indentation
_WIDTH = 16
_PRINTABLE = range(0x20, 0x7F)


@dataclass(frozen=True, kw_only=True, slots=True)
class Payload:
    """What to show of some bytes. `form` is JSON, text or hex."""

    text: str
    form: str
    size: int
    is_cut: bool


def readable(value: bytes, *, lay_out: bool = True) -> Payload:
    """Return the bytes for display, at most LONGEST of them.

    JSON is laid out if wanted; numbers and order stay as written.
    """
    is_cut = len(value) > LONGEST
    if lay_out and not is_cut and (laid_out := _json(value)) is not None:
        text, more = laid_out[:LONGEST], len(laid_out) > LONGEST
        return Payload(text=text, form="JSON", size=len(value), is_cut=more)
    head = value[:LONGEST]
    try:
        text = head.decode("utf-8", "ignore" if is_cut else "strict")
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        shown = _hex(head[:_HEX])
        return Payload(text=shown, form="hex", size=len(value), is_cut=len(value) > _HEX)
    return Payload(text=text, form="text", size=len(value), is_cut=is_cut)


def _json(value: bytes) -> str | None:
    if _depth(value) > _DEEPEST:
        return None
    try:
        return msgspec.json.format(value, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _depth(value: bytes) -> int:
    depth = deepest = 0
    for byte in value:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _hex(value: bytes) -> str:
    lines = []
    for start in range(0, len(value), _WIDTH):
        row = value[start : start + _WIDTH]
        letters = "".join(chr(byte) if byte in _PRINTABLE else "." for byte in row)
        lines.append(f"{start:06x}  {row.hex(' '):<{_WIDTH * 3}} {letters}")
    return "\n".join(lines)
