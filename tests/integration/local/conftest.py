"""One stack for all tests here: its own, for it is killed and frozen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import Stack

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("a path, with späces") / "of a stack"
    with Stack(directory, environ={}) as running:
        yield running


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
