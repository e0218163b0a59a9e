"""A message as text that people edit, and back; what cannot be told as text is told in base64."""

import base64
import binascii

import msgspec

from events.event import Headers

_SPOILT = ("\r", "\x00")  # what a browser's text field does not keep


def value_text(value: bytes) -> tuple[str, bool]:
    """Return the value as text, JSON laid out, and whether it is base64."""
    try:
        return msgspec.json.format(value, indent=2).decode(), False
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    text = _text(value)
    return (base64.b64encode(value).decode(), True) if text is None else (text, False)


def value_of(text: str, *, is_base64: bool, like: bytes) -> bytes:
    """Return the bytes that `text` says; JSON is written as tightly as `like` is.

    Raises ValueError for what is no base64.
    """
    text = lines(text)
    if is_base64:
        return _decoded("".join(text.split()))
    value = text.encode()
    try:
        is_tight = msgspec.json.format(like, indent=-1) == like
        return msgspec.json.format(value, indent=-1) if is_tight else value
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return value


def headers_text(headers: Headers) -> str:
    """Return a header a line: `name: text`, `name:: base64`, a bare `name` for null.

    Raises ValueError for names that cannot be written so.
    """
    lines = []
    for name, value in headers:
        if ":" in name or name != name.strip() or not name or "\n" in name:
            raise ValueError(f"the header {name!r} cannot be edited here")
        text = None if value is None else _text(value)
        if value is None:
            lines.append(name)
        elif text is None or "\n" in text or text != text.strip():
            lines.append(f"{name}:: {base64.b64encode(value).decode()}")
        else:
            lines.append(f"{name}: {text}")
    return "\n".join(lines)


def headers_of(text: str) -> Headers:
    """Return the headers that the lines say; raises ValueError for a line without a name."""
    return tuple(_header(line) for line in lines(text).split("\n") if line.strip())


def _header(line: str) -> tuple[str, bytes | None]:
    name, colon, rest = line.partition(":")
    if not name.strip():
        raise ValueError(f"{line!r} names no header: write name: value")
    if not colon:
        return name.strip(), None
    if rest.startswith(":"):
        return name.strip(), _decoded(rest[1:].strip())
    return name.strip(), rest.strip().encode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{text[:40]!r} is no base64") from error


def _text(value: bytes) -> str | None:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return None if any(each in text for each in _SPOILT) else text


def lines(text: str) -> str:
    """Undo what a browser does to the ends of lines."""
    return text.replace("\r\n", "\n")
