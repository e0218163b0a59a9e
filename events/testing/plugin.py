"""The pytest plugin: `pytest_plugins = ["events.testing.plugin"]` brings the fixture `waybill`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from events.testing.kit import WaybillKit


@pytest.fixture
def waybill(transactional_db: None) -> Iterator[WaybillKit]:
    """The kit for one test, over the services of its settings; its database is a real one.

    What `crash_at` asked for and nothing reached fails the test.
    """
    # Plugins may be loaded before Django is ready.
    from events.testing.kit import kit_for_a_test  # noqa: PLC0415

    with kit_for_a_test() as kit:
        yield kit
        kit.check_crashes()
