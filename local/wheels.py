"""Finds the programs that come inside wheels, without importing the wheels."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from local.errors import ServiceFailed


def wheel_directory(package: str) -> Path:
    """The directory of an installed package. Raises ServiceFailed when it is not installed."""
    # Importing would cost time and, for some, make files and exit hooks of their own.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ServiceFailed(
            f"the package {package} is not installed: pip install -r requirements-local.txt"
        )
    return Path(spec.origin).resolve().parent
