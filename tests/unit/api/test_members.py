"""Reading a JSON object member by member: everything wrong is told at once."""

from typing import Any

import pytest

from events.api.members import Members
from events.api.problems import Problem


def read(document: dict[str, Any]) -> None:
    members = Members(document)
    members.text("name")
    members.optional_text("note")
    address = members.object("address")
    address.text("street")
    for line in members.objects("lines"):
        line.whole_number("count")
    members.texts("labels")
    members.refuse()


GOOD: dict[str, Any] = {
    "name": "x",
    "address": {"street": "y"},
    "lines": [{"count": 1}, {"count": 10**30}],
    "labels": {"a": "b"},
}


def errors_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as caught:
        read(document)
    assert caught.value.kind.status == 422
    return [(error.pointer, error.detail) for error in caught.value.errors]


def test_a_good_object_passes() -> None:
    read(GOOD)
    read({**GOOD, "note": None, "labels": None})


@pytest.mark.parametrize(
    ("changes", "pointer", "detail"),
    [
        ({"name": 1}, "/name", "must be text, not a number"),
        ({"name": None}, "/name", "must be text, not null"),
        ({"note": ["x"]}, "/note", "must be text, not an array"),
        ({"address": "street"}, "/address", "must be an object, not text"),
        ({"address": {"street": {}}}, "/address/street", "must be text, not an object"),
        ({"address": {}}, "/address/street", "is required"),
        ({"lines": {}}, "/lines", "must be an array, not an object"),
        ({"lines": [1]}, "/lines/0", "must be an object, not a number"),
        (
            {"lines": [{"count": 1.0}]},
            "/lines/0/count",
            "must be a whole number, not a number with a point",
        ),
        (
            {"lines": [{"count": True}]},
            "/lines/0/count",
            "must be a whole number, not true or false",
        ),
        ({"lines": [{"count": "1"}]}, "/lines/0/count", "must be a whole number, not text"),
        ({"labels": {"a": 1}}, "/labels/a", "must be text, not a number"),
        ({"labels": []}, "/labels", "must be an object of texts, not an array"),
    ],
)
def test_a_wrong_member_is_named_by_pointer(
    changes: dict[str, Any], pointer: str, detail: str
) -> None:
    assert errors_of({**GOOD, **changes}) == [(pointer, detail)]


def test_everything_wrong_is_told_at_once() -> None:
    found = errors_of({"lines": [{}, {"count": "1", "more": 1}], "extra": 1})
    assert {pointer for pointer, _ in found} == {
        "/name",
        "/address",
        "/lines/0/count",
        "/lines/1/count",
        "/lines/1/more",
        "/extra",
    }


def test_an_unknown_member_is_refused_with_the_known_ones() -> None:
    [(pointer, detail)] = errors_of({**GOOD, "a/b~c": 1})
    assert pointer == "/a~1b~0c"
    assert detail == "is not known here; known are address, labels, lines, name, note"


def test_a_very_long_name_is_shortened() -> None:
    [(pointer, _)] = errors_of({**GOOD, "x" * 100_000: 1})
    assert pointer == "/" + "x" * 64
