"""Fields of log lines: none may take the place of the message."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MESSAGE = "event"  # what structlog calls the message; a field of that name replaces it
PAGES = "admin"  # where dictionaries are contexts of templates


def test_no_field_is_called_like_the_message() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("config", "events", "invoices")
        for path in (ROOT / package).rglob("*.py")
        if PAGES not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Dict)
        and any(isinstance(key, ast.Constant) and key.value == MESSAGE for key in node.keys)
    ]
    assert found == []
