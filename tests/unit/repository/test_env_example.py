"""The example of the environment: complete, and true about the defaults."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_READ = re.compile(r"env\.[a-z]+\(\"([A-Z_]+)\"")
_LISTED = re.compile(r"^#?([A-Z_]+)=", re.MULTILINE)


def _listed() -> list[str]:
    return _LISTED.findall((ROOT / ".env.example").read_text())


def test_every_variable_that_is_read_is_in_the_example() -> None:
    read = {
        name for file in (ROOT / "config").glob("*.py") for name in _READ.findall(file.read_text())
    }

    assert read, "the pattern finds nothing any more"
    assert read <= set(_listed())


def test_the_example_lists_nothing_twice_and_nothing_that_is_not_read() -> None:
    text = "".join(file.read_text() for file in (ROOT / "config").glob("*.py"))
    own = [name for name in _listed() if not name.startswith("KAFKA_")]

    assert len(own) == len(set(own))
    assert [name for name in own if f'"{name}"' not in text] == []
