"""Arrays as text: PostgreSQL reads back what was given."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.sql import array, run

pytestmark = pytest.mark.django_db

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT | st.sampled_from(["", "NULL", "null", '"', "\\", "{}", ",", " x "]),
    "bytea": st.binary(),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "float8": st.floats(allow_nan=False),
    "uuid": st.uuids(),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_an_array_comes_back_as_it_was(kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | KINDS[kind], max_size=20))
    [(found,)] = run(f"SELECT %(values)s::{kind}[]", {"values": array(values)})
    assert found == values


def test_texts_alone_take_the_short_way_and_mean_the_same() -> None:
    values = ["a", 'say "so"', "back\\slash", "", "NULL", "{,}"]
    [(found,)] = run("SELECT %(values)s::text[]", {"values": array(values)})
    assert found == values
    assert array([]) == "{}"
    assert array([UUID(int=0)]) == "{00000000-0000-0000-0000-000000000000}"
