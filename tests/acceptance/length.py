"""How long the faults last: short in CI, in full with FULL_LENGTH=1 in the environment."""

import os
from typing import TypeVar

T = TypeVar("T")

IS_FULL = bool(os.environ.get("FULL_LENGTH"))


def lasting(short: T, *, full: T) -> T:
    """Return what holds for this run."""
    return full if IS_FULL else short
