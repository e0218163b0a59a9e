"""The app: puts in place what the environment names: failpoints, a variant, other policies."""

import os

from django.apps import AppConfig

from tests.failpoints.firing import armed
from tests.failpoints.points import install
from tests.failpoints.policies import change_policies


class FailpointsConfig(AppConfig):
    name = "tests.failpoints"
    label = "failpoints"

    def ready(self) -> None:
        """Wrap what is named; product code has no line for it."""
        if variant := os.environ.get("BROKEN"):
            from tests.failpoints.broken import break_on_purpose  # noqa: PLC0415 - needs models

            break_on_purpose(variant)
        change_policies(os.environ.get("POLICIES", "{}"))
        for failpoint in armed():
            install(failpoint)
