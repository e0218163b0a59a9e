"""Key templates: what they take from a payload."""

import pytest

from events.consuming.key_template import KeyTemplate
from events.errors import InvalidEvent


@pytest.mark.parametrize(
    ("template", "data", "key"),
    [
        ("plain", {}, "plain"),
        ("{a}", {"a": "x"}, "x"),
        ("n:{a.b}:{c}", {"a": {"b": 7}, "c": True}, "n:7:True"),
        ("{a}{a}", {"a": 1}, "11"),
        ("{not closed {a}", {"a": 1}, "{not closed 1"),
    ],
)
def test_placeholders_are_replaced_by_scalars(template: str, data: object, key: str) -> None:
    assert KeyTemplate(template).filled(data) == key


@pytest.mark.parametrize("data", [{}, {"a": None}, {"a": ""}, {"a": 1.5}, {"a": []}, [], None, 3])
def test_what_is_no_scalar_is_refused(data: object) -> None:
    with pytest.raises(InvalidEvent, match="'a'"):
        KeyTemplate("n:{a}").filled(data)
