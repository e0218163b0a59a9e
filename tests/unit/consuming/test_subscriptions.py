"""Subscriptions: declared once, beside the handler."""

from collections.abc import Iterator

import pytest

from events.consuming.subscriptions import groups, subscribe, subscriptions, unsubscribe
from events.errors import Misconfigured
from events.event import ReceivedEvent


def ignore(event: ReceivedEvent) -> None:
    """Do nothing."""


def refuse(event: ReceivedEvent) -> None:
    """Do nothing else."""


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    unsubscribe("t", group="unit", type="a.b")


def test_a_declaration_is_found_by_its_group() -> None:
    subscribe("t", group="unit", type="a.b", ttl_s=5)(ignore)
    (found,) = subscriptions("unit")
    assert (found.handler, found.ttl_s, found.name.endswith("ignore")) == (ignore, 5, True)
    assert "unit" in groups()


def test_a_second_handler_for_the_same_type_is_refused() -> None:
    subscribe("t", group="unit", type="a.b")(ignore)
    subscribe("t", group="unit", type="a.b")(ignore)
    with pytest.raises(Misconfigured, match="already handles"):
        subscribe("t", group="unit", type="a.b")(refuse)


@pytest.mark.parametrize("group", ["", "a b", "x" * 256, "ä"])
def test_an_illegal_group_name_is_refused(group: str) -> None:
    with pytest.raises(Misconfigured):
        subscribe("t", group=group, type="a.b")(ignore)


def test_external_effects_are_never_done_in_a_batch() -> None:
    with pytest.raises(Misconfigured, match="one by one"):
        subscribe("t", group="unit", type="a.b", effect="external", batch=True)(ignore)
