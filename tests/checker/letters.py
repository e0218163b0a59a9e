"""Rules about letters: what is set aside is shown as it was, and comes back when it should."""

from collections.abc import Iterator

from tests.checker.history import History
from tests.checker.violation import Violation, told


def dead_letters_are_true(history: History) -> Iterator[Violation]:
    """A letter has the bytes of the record it names, and a reason if it is no follower."""
    lying = {each.place: each.value_sha256 for each in history.records}
    false = [
        each.place
        for each in history.dead_letters
        if each.place not in lying
        or lying[each.place] != each.value_sha256
        or not (each.reason or each.is_follower)
    ]
    yield from told("I4", "dead letters that do not show their record", false)


def held_letters_are_behind_a_closed_key(history: History) -> Iterator[Violation]:
    """What is held comes back when its key opens: without a closed key it never would."""
    forgotten = [
        each.place
        for each in history.dead_letters
        if each.state == "held"
        and (each.group, each.place.topic, each.key) not in history.closed_keys
    ]
    yield from told("I1", "held letters whose key is not closed", forgotten)


def letters_handed_back_are_run(history: History) -> Iterator[Violation]:
    """In the end nothing is still on its way back to its group."""
    left = [each.place for each in history.dead_letters if each.state == "redriving"]
    yield from told("I5", "letters handed back and not run", left)
