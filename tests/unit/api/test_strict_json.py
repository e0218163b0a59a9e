"""What is accepted as JSON: everything every reader can read, and nothing else."""

import json
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.api.strict_json import NotStrictJson, parse

DEPTH = 64

REFUSED = {
    "empty": b"",
    "only whitespace": b" \n\t\r ",
    "cut off": b'{"a": [1, 2',
    "trailing garbage": b'{"a": 1} x',
    "two documents": b"{}{}",
    "trailing comma": b"[1,]",
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // x",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "minus Infinity": b"[-Infinity]",
    "a number beyond all range": b"[1e999]",
    "an integer of 5,000 digits": b"[" + b"9" * 5_000 + b"]",
    "a leading zero": b"[01]",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "latin-1": '{"a": "é"}'.encode("latin-1"),
    "an encoded surrogate": b'{"a": "\xed\xa0\x80"}',
    "an overlong NUL": b'{"a": "\xc0\x80"}',
    "a raw NUL": b'{"a": "\x00"}',
    "a raw NUL outside of strings": b"{}\x00",
    "a raw control character": b'{"a": "\x01"}',
    "an escaped NUL": b'{"a": "x\\u0000y"}',
    "an escaped NUL behind an escaped backslash": b'{"a": "\\\\\\u0000"}',
    "an escaped NUL in a name": b'{"a\\u0000": 1}',
    "a lone high surrogate": b'{"a": "\\ud800"}',
    "a lone high surrogate with text behind": b'{"a": "\\ud800 and more"}',
    "a lone low surrogate": b'{"a": "\\udc00"}',
    "two high surrogates": b'{"a": "\\ud800\\ud800\\udc00"}',
    "a lone surrogate in a name": b'{"\\udfff": 1}',
    "a surrogate pair kept apart": b'{"a": "\\ud83d\\\\\\ude00"}',
    "a name twice": b'{"a": 1, "a": 2}',
    "a name twice, spelled otherwise": b'{"a": 1, "\\u0061": 2}',
    "a name twice, deep inside": b'{"a": [{"b": {"c": 1, "d": 2, "c": 1}}]}',
}

ACCEPTED = {
    "an escaped backslash before u0000": b'{"a": "\\\\u0000"}',
    "a surrogate pair": b'{"a": "\\ud83d\\ude00"}',
    "brackets inside strings": b'{"a": "' + b"[{" * 5_000 + b'"}',
    "brackets behind escaped quotation marks": b'["\\"' + b"[" * 100 + b'", "\\\\", "[["]',
    "an integer of 30 digits": b"[123456789012345678901234567890]",
    "whitespace around": b" \r\n\t[1] \n",
    "the same name in two objects": b'[{"a": 1}, {"a": 1}]',
    "many objects side by side": b"[" + b"{}," * 50_000 + b"{}]",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_some_reader_could_not_read_is_refused(body: bytes) -> None:
    with pytest.raises(NotStrictJson):
        parse(body, depth=DEPTH)


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_only_looks_dangerous_is_accepted(body: bytes) -> None:
    assert parse(body, depth=DEPTH) == msgspec.json.decode(body)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_the_depth_limit_is_exact(opening: bytes, closing: bytes) -> None:
    def nested(levels: int) -> bytes:
        return opening * levels + b"1" + closing * levels

    parse(nested(DEPTH), depth=DEPTH)
    with pytest.raises(NotStrictJson, match="nested deeper than 64 levels"):
        parse(nested(DEPTH + 1), depth=DEPTH)


@pytest.mark.parametrize("levels", [5_000, 450_000])
@pytest.mark.parametrize("unfinished", [True, False])
def test_deep_nesting_never_reaches_a_parser(levels: int, unfinished: bool) -> None:
    body = b"[" * levels + (b"" if unfinished else b"]" * levels)
    with pytest.raises(NotStrictJson, match="nested deeper"):
        parse(body, depth=DEPTH)


def test_a_refusal_says_where() -> None:
    with pytest.raises(NotStrictJson, match=r"invalid character \(byte 6\)"):
        parse(b'{"a": x}', depth=DEPTH)
    with pytest.raises(NotStrictJson, match=r"not UTF-8 \(byte 2\)"):
        parse(b'["\xff"]', depth=DEPTH)
    with pytest.raises(NotStrictJson, match=r"the member 'b' occurs twice"):
        parse(b'{"a": {"b": 1, "b": 1}}', depth=DEPTH)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner
        )
    ),
)


@given(JSON, st.booleans())
def test_all_well_behaved_json_is_accepted(document: object, ascii_only: bool) -> None:
    body = json.dumps(document, ensure_ascii=ascii_only).encode()
    assert parse(body, depth=sys.maxsize) == document


@given(st.binary())
def test_arbitrary_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        document = parse(body, depth=DEPTH)
    except NotStrictJson:
        return
    assert document == json.loads(body)
