"""Failure: what an exception says about a message, as text that any table can hold."""

import traceback
from dataclasses import dataclass

MAX_ERROR = 2_000
MAX_TRACEBACK = 16_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """An exception, told: its type, its message, where it was raised."""

    exception: str
    error: str
    traceback: str = ""


def failure_of(error: BaseException) -> Failure:
    """Describe an exception; the traceback holds code lines, no values."""
    lines = "".join(traceback.format_exception(error))
    name = type(error).__qualname__
    module = type(error).__module__
    return Failure(
        exception=storable(name if module == "builtins" else f"{module}.{name}")[:255],
        error=storable(_message(error))[:MAX_ERROR],
        traceback=storable(lines)[-MAX_TRACEBACK:],
    )


def storable(text: str) -> str:
    """Return the text with NUL and lone surrogates escaped: PostgreSQL's text takes neither."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 - an exception's __str__ is anybody's code
        return f"(its text could not be made: {type(broken).__name__})"
