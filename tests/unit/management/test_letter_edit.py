"""What an edit changes, shown as a diff."""

from uuid import UUID

from events.event import Headers
from events.management.letter_edit import diff, with_headers
from events.operating.edit import Edit


def shown(
    before: bytes | None, after: bytes | None, *, headers: tuple[Headers, Headers] = ((), ())
) -> list[str]:
    edit = Edit(
        letter_id=UUID(int=1),
        dedupe_key="",
        before_value=before,
        after_value=after,
        before_headers=headers[0],
        after_headers=headers[1],
        problems=(),
    )
    return list(diff(edit))


def test_a_header_is_set_and_the_others_stay() -> None:
    before: Headers = (("a", b"1"), ("b", b"1"), ("a", b"2"), ("c", None))
    after = with_headers(before, ["b=2", "d=x=y"])
    assert after == (("a", b"1"), ("a", b"2"), ("c", None), ("b", b"2"), ("d", b"x=y"))


def test_json_is_compared_member_by_member() -> None:
    lines = shown(b'{"a":1,"b":2}', b'{"a":1,"b":3}')
    assert lines[:2] == ["--- value of the letter", "+++ value as edited"]
    assert [line for line in lines[2:] if line[0] in "+-"] == ['-  "b": 2', '+  "b": 3']


def test_other_text_is_compared_line_by_line() -> None:
    assert shown(b"a\nb", b"a\nc\x1b")[3:] == [" a", "-b", "+c\ufffd"]


def test_binary_is_named_by_size_and_hash() -> None:
    [before, after] = shown(b"\xff", None)
    assert before.startswith("--- value: binary, 1 bytes, sha256 a8100ae6")
    assert after == "+++ value: none (null)"


def test_headers_are_compared_too_and_what_is_the_same_is_not_shown() -> None:
    headers = ((("tenant", b"north"), ("raw", b"\xff")), (("tenant", b""), ("raw", b"\xff")))
    changed = [line for line in shown(b"a", b"a", headers=headers)[3:] if line[0] in "+-"]
    assert changed == ["-tenant: north", "+tenant: "]
    assert shown(b"a", b"a") == []
