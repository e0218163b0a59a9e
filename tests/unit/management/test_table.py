"""Tables for the terminal are aligned, and nobody else's text steers it."""

from events.management.table import table


def test_texts_are_to_the_left_and_numbers_to_the_right() -> None:
    lines = list(table(("topic", "lag"), [("a", 5), ("orders", 1200), ("b", None)]))
    assert lines == [
        "topic    lag",
        "a          5",
        "orders  1200",
        "b          -",
    ]


def test_what_is_not_printable_is_replaced() -> None:
    assert list(table(("error",), [("a\x1b[2J\nb",)])) == ["error", "a\ufffd[2J\ufffdb"]


def test_no_rows_have_no_head() -> None:
    assert list(table(("topic",), [])) == []
