"""The plain form: the quick reader and the one that names what is wrong agree."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from events.api.publishing import json_form
from events.api.publishing.trace import Trace
from events.conf import Limits
from events.errors import EventInvalid

NAMES = ["type", "data", "key", "subject", "id", "source", "time", "headers", "extra"]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
TIMES = st.sampled_from(
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.5+01:00",
        "2026-01-31 12:00:00z",
        "2026-01-31T12:00:00",
        "2026-13-31T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2026-01-31T23:59:60Z",
        "",
    ]
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | TEXT
    | TIMES
    | st.lists(TEXT, max_size=2)
    | st.dictionaries(TEXT, TEXT | st.integers(), max_size=3)
)


def read(reader: Any, document: Any, piece: bytes) -> Any:
    return reader(document, piece, topic="t", trace=Trace(), limits=Limits())


@given(st.dictionaries(st.sampled_from(NAMES), VALUES) | VALUES)
def test_both_readers_take_the_same_and_read_it_the_same(document: Any) -> None:
    piece = json.dumps(document).encode()
    slow = read(json_form._read_by_member, document, piece)
    quick = read(json_form._event, document, piece)
    if isinstance(slow, EventInvalid):
        assert isinstance(quick, EventInvalid)
        assert {error.pointer for error in quick.errors} == {
            error.pointer for error in slow.errors
        }
    else:
        assert quick == slow


@given(st.dictionaries(st.sampled_from(NAMES[2:8]), TEXT | TIMES, max_size=4))
def test_the_quick_reader_takes_what_the_other_takes(members: dict[str, Any]) -> None:
    """Else every event would go the slow way, and nobody would notice."""
    document = {"type": "a.b", "data": {"x": 1}, **members}
    piece = json.dumps(document).encode()
    slow = read(json_form._read_by_member, document, piece)
    try:
        json_form._PLAIN.decode(piece)
    except msgspec.ValidationError:
        assert isinstance(slow, EventInvalid)
    else:
        assert not isinstance(slow, EventInvalid)
