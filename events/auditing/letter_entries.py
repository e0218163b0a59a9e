"""Dead letters in a time line: why they were set aside, what people did, where that led."""

from collections.abc import Iterator, Sequence

from events.auditing.entries import Entry, Fact, Kind, Target, facts, replay_fact
from events.errors import EffectUnknown
from events.models import DeadLetter

State = DeadLetter.State

CAME_FROM = "came from"  # these facts name dead letters by their ids, joined by ", "
LED_TO = "led to"

_UNKNOWN = f"{EffectUnknown.__module__}.{EffectUnknown.__qualname__}"


def of_dead_letters(letters: Sequence[DeadLetter]) -> Iterator[Entry]:
    """Tell what was set aside for people, what they did with it, and what became of that.

    `letters` are all of one event, so that a letter and its children find each other.
    """
    by_id = {letter.pk: letter for letter in letters}
    for letter in letters:
        parent = by_id.get(letter.parent_id) if letter.parent_id else None
        yield _beginning(letter, parent)
        children = [each for each in letters if each.parent_id == letter.pk]
        yield from _end(letter, children, parent)


def _beginning(letter: DeadLetter, parent: DeadLetter | None) -> Entry:
    kind, summary = Kind.DEAD_LETTERED, "Set aside as a dead letter"
    if _is_edit(letter, parent):
        kind, summary = Kind.REDRIVING, "Edited, and handed back to its group"
    elif letter.exception == _UNKNOWN:
        kind, summary = Kind.REDRIVING, "Handed back, to do its effect again"
    elif not letter.exception:
        kind, summary = Kind.HELD, "Held behind its closed key"
    elif letter.parent_id:
        summary = "Set aside again, after a redrive"
    failed = kind is Kind.DEAD_LETTERED
    return _entry(
        letter,
        kind=kind,
        summary=summary,
        details=facts(
            ("handler", letter.handler),
            ("attempts", letter.attempts or None),
            ("dedupe key", letter.dedupe_key),
            replay_fact(generation=letter.generation, replay=letter.replay_id),
            (CAME_FROM, str(letter.parent_id or "")),
            ("reason", letter.reason if kind is Kind.REDRIVING else ""),
            ("exception", "" if letter.exception in letter.error else letter.exception),
            ("error", letter.error if failed else ""),
        ),
    )


def _end(
    letter: DeadLetter, children: Sequence[DeadLetter], parent: DeadLetter | None
) -> Iterator[Entry]:
    kind, summary = Kind(_KINDS.get(letter.state, letter.state)), _SUMMARIES.get(letter.state, "")
    if letter.state == State.REDRIVEN and not letter.exception:
        summary = "Its turn came"
    is_told = {
        State.OPEN: not letter.result,
        State.HELD: not letter.exception,
        State.REDRIVING: _is_edit(letter, parent) or letter.exception == _UNKNOWN,
    }
    if is_told.get(State(letter.state), False):
        return
    yield _entry(
        letter,
        kind=kind,
        summary=f"{summary}: {letter.result}" if letter.result else summary,
        details=facts(
            ("reason", letter.reason), (LED_TO, ", ".join(str(each.pk) for each in children))
        ),
        is_change=True,
    )


_KINDS: dict[str, Kind] = {State.OPEN: Kind.DEAD_LETTERED}
_SUMMARIES: dict[str, str] = {
    State.OPEN: "Handed back, and set aside again",
    State.HELD: "Waits to be run first of its key",
    State.REDRIVING: "Handed back to its group",
    State.REDRIVEN: "Redriven",
    State.DISCARDED: "Discarded",
}


def _is_edit(letter: DeadLetter, parent: DeadLetter | None) -> bool:
    return parent is not None and parent.result == f"edited: see {letter.pk}"


def _entry(
    letter: DeadLetter,
    *,
    kind: Kind,
    summary: str,
    details: tuple[Fact, ...],
    is_change: bool = False,
) -> Entry:
    return Entry(
        at=letter.changed_at if is_change else letter.created_at,
        kind=kind,
        summary=summary,
        group=letter.group,
        details=details,
        target=Target("dead_letter", str(letter.pk)),
    )
