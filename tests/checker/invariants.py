"""The checker: one pure function from a history to the invariants it violates (FAULTS.md)."""

from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterable, Iterator

from tests.checker.history import EventName, History, Place
from tests.checker.letters import (
    dead_letters_are_true,
    held_letters_are_behind_a_closed_key,
    letters_handed_back_are_run,
)
from tests.checker.violation import Violation, told

RECOVER_WITHIN_S = 15.0

Rule = Callable[[History], Iterable[Violation]]


def violations(history: History) -> list[Violation]:
    """Return everything that is wrong with the history; nothing is what we want."""
    return [found for rule in RULES for found in rule(history)]


# --- I1: no event lost ---------------------------------------------------------------------


def accepted_events_are_in_their_topic(history: History) -> Iterator[Violation]:
    """Every event answered with success lies in its topic, or is parked for people to see."""
    present = {(each.place.topic, each.name) for each in history.records}
    lost = [
        each.name
        for each in history.accepted
        if (each.topic, each.name) not in present and each.name not in history.parked
    ]
    yield from told("I1", "accepted events that are not in their topic", lost)


def records_are_dealt_with(history: History) -> Iterator[Violation]:
    """Every record was handled by each group of its topic, or set aside as a dead letter."""
    done = {
        (each.group, each.place.topic, each.name)
        for each in history.consumptions
        if each.outcome not in {"started", "retrying"}
    }
    # Another event may have done this one's key: then an attempt says so.
    done |= {
        (each.group, each.place.topic, each.name)
        for each in history.attempts
        if each.result == "duplicate"
    }
    buried = {(each.group, each.place) for each in history.dead_letters}
    left = [
        f"{record.place} by {group}"
        for record in history.records
        for group in history.groups.get(record.place.topic, ())
        if (group, record.place.topic, record.name) not in done
        and (group, record.place) not in buried
    ]
    yield from told("I1", "records that a group neither handled nor set aside", left)


# --- I2: no second effect --------------------------------------------------------------------


def effects_happen_once(history: History) -> Iterator[Violation]:
    """Per group and event there is one committed effect at most."""
    effects = Counter((each.group, each.name) for each in history.effects)
    doubled = [f"{name} by {group}" for (group, name), count in effects.items() if count > 1]
    yield from told("I2", "events with more than one effect", doubled)


def mails_come_once(history: History) -> Iterator[Violation]:
    """Per order one mail, and one more, the same, for each outcome that was unknown."""
    allowed: Counter[str] = Counter()
    for row in history.consumptions:
        allowed[row.dedupe_key.rpartition(":")[2]] += row.unknown_count
    by_order: dict[str, list[tuple[str, str]]] = {}
    for mail in history.mails:
        by_order.setdefault(mail.order_id, []).append((mail.message_id, mail.sha256))
    too_many = [order for order, mails in by_order.items() if len(mails) > 1 + allowed[order]]
    yield from told("I2", "orders with more mails than can be explained", too_many)
    differing = [order for order, mails in by_order.items() if len(set(mails)) > 1]
    yield from told("I2", "orders whose mails differ", differing)


# --- I3: order per key ---------------------------------------------------------------------------


def topics_keep_the_order_of_keys(history: History) -> Iterator[Violation]:
    """The first occurrences of a key's events lie in the order in which they were accepted."""
    wanted = [(each.topic, each.key, each.name) for each in history.accepted]
    written = [(each.place.topic, each.name) for each in history.records]
    yield from _in_order(
        wanted, written, "keys out of order in the topic", but=history.stepped_out
    )


def handlers_see_the_order_of_keys(history: History) -> Iterator[Violation]:
    """Handlers get a key's events first, and their effects are, in the order of the topic."""
    wanted = [(each.place.topic, each.key, each.name) for each in history.records]
    but = history.stepped_out
    for group in sorted({each.group for each in history.trace}):
        calls = [(each.place.topic, each.name) for each in history.trace if each.group == group]
        yield from _in_order(wanted, calls, f"keys handled out of order by {group}", but=but)
    for group in sorted({each.group for each in history.effects}):
        made = [(each.place.topic, each.name) for each in history.effects if each.group == group]
        yield from _in_order(wanted, made, f"keys with effects out of order by {group}", but=but)


def _in_order(
    wanted: Iterable[tuple[str, Hashable, EventName]],
    seen: Iterable[tuple[str, EventName]],
    what: str,
    *,
    but: Container[EventName],
) -> Iterator[Violation]:
    """Compare first occurrences, per topic and key; what has no key is left out, and `but`."""
    ranks: dict[tuple[str, EventName], tuple[int, Hashable]] = {}
    for rank, (topic, key, name) in enumerate(wanted):
        ranks.setdefault((topic, name), (rank, key))
    last: dict[tuple[str, Hashable], int] = {}
    wrong: list[str] = []
    for topic, name in dict.fromkeys(seen):
        rank, key = ranks.get((topic, name), (0, None))
        if key is None or name in but:
            continue
        if rank < last.get((topic, key), -1):
            wrong.append(f"{name} of key {key!r}")
        last[topic, key] = max(rank, last.get((topic, key), -1))
    yield from told("I3", what, wrong)


# --- I4: the audit is true -----------------------------------------------------------------------


def publications_are_true(history: History) -> Iterator[Violation]:
    """Where a publication says that an event lies, that event lies with those bytes."""
    lying = {each.place: (each.name, each.value_sha256) for each in history.records}
    false = [
        f"{each.name} at {each.place}"
        for each in history.publications
        if lying.get(each.place) != (each.name, each.value_sha256)
        and not _is_removed(each.place, history)
    ]
    yield from told("I4", "publications of what is not there", false)
    named = Counter(each.place for each in history.publications)
    yield from told("I4", "positions claimed twice", [p for p, n in named.items() if n > 1])


def _is_removed(place: Place, history: History) -> bool:
    return place.offset < history.first_offsets.get((place.topic, place.partition), 0)


def accepted_events_are_written_down(history: History) -> Iterator[Violation]:
    """What left the outbox has a publication, with the bytes that the client sent."""
    published = {(each.name, each.value_sha256) for each in history.publications}
    published |= {(each.name, None) for each in history.publications}
    missing = [
        each.name
        for each in history.accepted
        if (each.name, each.value_sha256) not in published and each.name not in history.parked
    ]
    if not history.backlog:
        yield from told("I4", "accepted events without a true publication", missing)


def ledger_and_effects_agree(history: History) -> Iterator[Violation]:
    """Where the handler's effects can be seen: `succeeded` has one, and every one is known."""
    made = {(each.group, each.name) for each in history.effects}
    said = {
        (each.group, each.name)
        for each in history.consumptions
        if each.outcome == "succeeded" and each.group in history.traced_groups
    }
    yield from told("I4", "successes in the ledger without an effect", _names(said - made))
    yield from told("I4", "effects that the ledger does not know", _names(made - said))


def attempts_say_why(history: History) -> Iterator[Violation]:
    """Whatever is no success says where and why."""
    silent = [
        each.name
        for each in history.attempts
        if not each.host or (each.result != "succeeded" and not each.error)
    ]
    yield from told("I4", "attempts that do not say where or why", silent)


def sent_invoices_are_in_the_sink(history: History) -> Iterator[Violation]:
    """Sent is what the mail server took."""
    taken = {(each.order_id, each.message_id) for each in history.mails}
    unsent = [
        each.order_id
        for each in history.sent_invoices
        if (each.order_id, each.message_id) not in taken
    ]
    yield from told("I4", "invoices called sent that nobody received", unsent)


# --- I5: recovers without hands ------------------------------------------------------------------


def everything_is_drained(history: History) -> Iterator[Violation]:
    """After the last fault backlog and lag get to zero, in time."""
    if history.backlog:
        yield Violation(invariant="I5", what="entries left in the outbox", count=history.backlog)
    if history.lag:
        yield Violation(invariant="I5", what="records not committed", count=history.lag)
    took_s = history.recovered_after_s
    if took_s is not None and took_s > RECOVER_WITHIN_S:
        yield Violation(invariant="I5", what=f"recovery took {took_s:.1f} s", count=1)


def _names(pairs: Iterable[tuple[str, EventName]]) -> list[str]:
    return sorted(f"{name} by {group}" for group, name in pairs)


RULES: tuple[Rule, ...] = (
    accepted_events_are_in_their_topic,
    records_are_dealt_with,
    effects_happen_once,
    mails_come_once,
    topics_keep_the_order_of_keys,
    handlers_see_the_order_of_keys,
    publications_are_true,
    accepted_events_are_written_down,
    ledger_and_effects_agree,
    dead_letters_are_true,
    held_letters_are_behind_a_closed_key,
    letters_handed_back_are_run,
    attempts_say_why,
    sent_invoices_are_in_the_sink,
    everything_is_drained,
)
