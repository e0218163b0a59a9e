"""Durable lines: files of JSON lines that survive the kill -9 of who writes them."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def append(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Append the lines at once; when this returns they are on disk."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines there are; what has no end yet is no line."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
