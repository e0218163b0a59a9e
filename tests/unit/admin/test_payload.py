"""What people see of bytes."""

import pytest

from events.admin.payload import LONGEST, readable


def test_json_is_laid_out_with_numbers_and_duplicate_names_as_written() -> None:
    shown = readable(b'{"total":1.10,"big":123456789012345678901234567890,"a":1,"a":2}')

    assert shown.form == "JSON"
    assert '"total": 1.10' in shown.text
    assert "123456789012345678901234567890" in shown.text
    assert shown.text.count('"a":') == 2
    assert not shown.is_cut


@pytest.mark.parametrize("value", [b"plain text", b"", "Łódź".encode(), b"[" * 200 + b"]" * 200])
def test_other_text_is_shown_as_it_is(value: bytes) -> None:
    shown = readable(value)

    assert (shown.form, shown.text) == ("text", value.decode())


def test_bytes_that_are_no_text_are_shown_in_hex() -> None:
    shown = readable(b"\x00\xffAB")

    assert shown.form == "hex"
    assert shown.text.startswith("000000  00 ff 41 42")
    assert shown.text.endswith("..AB")


@pytest.mark.parametrize("value", [b'"' + b"x" * 70_000 + b'"', "ł".encode() * 40_000])
def test_more_than_64_kilobytes_are_cut_and_the_whole_size_is_told(value: bytes) -> None:
    shown = readable(value)

    assert shown.is_cut
    assert len(shown.text) <= LONGEST
    assert shown.size == len(value)


def test_indentation_cannot_make_a_page_explode() -> None:
    shown = readable(b"[" * 60 + b"1," * 30_000 + b"1" + b"]" * 60)

    assert len(shown.text) <= LONGEST
    assert shown.is_cut


def test_a_key_is_not_laid_out() -> None:
    assert readable(b"1042", lay_out=False).form == "text"
