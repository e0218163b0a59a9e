"""Durable lines: files of JSON lines that survive the kill -9 of who writes them."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


def append(path: Path, lines: Iterable[Mapping[str, Any]], *, synced: bool = True) -> None:
    """Append the lines at once; when this returns they are on disk.

    Not `synced` they are with the kernel: nothing that happens to processes can take them back.
    """
    # A write of two pages may be cut by a kill; its torn line must not take the next one with it.
    text = "".join("\n" + json.dumps(line) + "\n" for line in lines)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, text.encode())
        if synced:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines there are; what has no end is no line."""
    return list(each(path))


def each(path: Path) -> Iterator[dict[str, Any]]:
    """Iterate over the lines there are, without holding them all."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"}\n"):
                yield json.loads(line)
