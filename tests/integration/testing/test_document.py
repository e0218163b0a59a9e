"""docs/testing.md: its examples run as they stand there, and its table names every step."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from events.consuming.subscriptions import subscriptions, unsubscribe
from events.testing.kit import WaybillKit
from events.testing.steps import STEPS

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "testing.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
_STEP = re.compile(r"^\| `([a-z_.]+)` \| (.+) \|$", re.MULTILINE)


def cases() -> Iterator[Any]:
    for code in EXAMPLES:
        [name] = [
            each.name
            for each in ast.parse(code).body
            if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
        ]
        space: dict[str, Any] = {}
        exec(compile(code, f"docs/testing.md {name}", "exec"), space)  # noqa: S102 - our document
        for arguments in _arguments(space[name]):
            yield pytest.param(space[name], arguments, id=f"{name} {arguments}")


def _arguments(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    marks = getattr(test, "pytestmark", [])
    if not marks:
        yield {}
    for mark in marks:
        names, rows = mark.args
        for row in rows:
            yield dict(zip(names, row, strict=True))


@pytest.fixture
def no_subscription_left() -> Iterator[None]:
    before = set(subscriptions())
    yield
    for each in set(subscriptions()) - before:
        unsubscribe(each.topic, group=each.group, type=each.type)


@pytest.mark.parametrize(("example", "arguments"), list(cases()))
def test_every_example_passes(
    waybill: WaybillKit,
    no_subscription_left: None,
    example: Callable[..., None],
    arguments: dict[str, Any],
) -> None:
    example(waybill, **arguments)


def test_there_are_three_examples_with_imports_of_their_own() -> None:
    assert len(EXAMPLES) == 3
    assert all("from events." in code for code in EXAMPLES)


def test_the_table_names_every_step_with_its_meaning() -> None:
    described = dict(_STEP.findall(DOCUMENT))
    assert described == {name: step.meaning for name, step in STEPS.items()}


def test_the_table_of_the_kit_names_all_it_offers() -> None:
    offered = {
        name
        for name, _ in inspect.getmembers(WaybillKit, inspect.isfunction)
        if not name.startswith("_") and name not in {"close", "check_crashes"}
    }
    assert set(re.findall(r"^\| `([a-z_]+)\(", DOCUMENT, re.MULTILINE)) == offered
