"""The documents: their links lead somewhere, their commands exist, their code can be read."""

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)")
_PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
_MAKE = re.compile(r"\bmake ([a-z]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = _LINK.findall(document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_decision_is_listed() -> None:
    decisions = ROOT / "docs" / "decisions"
    listed = set(_LINK.findall((decisions / "README.md").read_text()))

    assert listed == {page.name for page in decisions.glob("0*.md")}


@pytest.mark.parametrize("example", _PYTHON.findall((ROOT / "README.md").read_text()))
def test_the_examples_of_the_readme_import_what_exists(example: str) -> None:
    imports = [each for each in ast.walk(ast.parse(example)) if isinstance(each, ast.ImportFrom)]

    assert imports
    for each in imports:
        module = importlib.import_module(str(each.module))
        assert [name.name for name in each.names if not hasattr(module, name.name)] == []


def test_every_make_command_in_the_documents_exists() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607 - the make that people have
    targets = set(_MAKE.findall(listed))
    named = {
        name
        for document in DOCUMENTS
        for line in document.read_text().splitlines()
        for code in re.findall(r"`([^`]+)`", line) or ([line] if line.startswith("make ") else [])
        for name in _MAKE.findall(code)
    }

    assert {"demo", "test", "check"} <= named <= targets
