"""manage.py redrive: open letters go back to their group, each time audited."""

import itertools
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from events.models import DeadLetter, OperatorAction
from events.models.identifiers import new_id
from events.operating.letter_selection import LetterSelection
from events.operating.operator import Operator
from events.operating.redriving import Redriven, Redriving
from tests.audit_rows import a_heartbeat
from tests.integration.operating.conftest import Command
from tests.integration.operating.failed_rows import a_closed_key, a_held_letter, a_letter
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db

ADA = Operator(name="ada", reason="mended")


def states() -> list[str]:
    return list(DeadLetter.objects.order_by("topic", "offset").values_list("state", flat=True))


def test_a_named_letter_is_on_its_way_and_its_own_audit_says_so(
    group: str, command: Command
) -> None:
    letter, other = a_letter(group), a_letter(group, 1)
    before = letter.changed_at

    said = command("redrive", letter.pk)

    letter.refresh_from_db()
    assert (letter.state, letter.reason) == ("redriving", "mended")
    assert letter.changed_at > before
    assert states() == ["redriving", "open"]
    action = OperatorAction.objects.get()
    assert (action.action, action.target_type, action.target_id, action.actor) == (
        "redrive",
        "dead_letter",
        str(letter.pk),
        "ada",
    )
    assert "1 letter handed back." in said
    assert f"No consumer of {group} is running: they wait for one" in said
    assert f"manage.py runconsumer {group}" in said
    assert other.state == "open"


def test_a_living_consumer_is_told_to_take_them(group: str, command: Command) -> None:
    a_heartbeat(name=group, beat_at=timezone.now())
    assert f"The consumers of {group} run them now." in command("redrive", a_letter(group).pk)


def test_a_letter_that_closed_its_key_releases_it_and_runs_first(
    group: str, command: Command
) -> None:
    head = a_letter(group)
    follower = a_held_letter(group, 1)
    key = a_closed_key(group, head=head)

    said = command("redrive", head.pk)

    head.refresh_from_db()
    follower.refresh_from_db()
    key.refresh_from_db()
    assert (head.state, head.reason, follower.state) == ("held", "mended", "held")
    assert key.released_at is not None
    assert "0 letters handed back." in said
    assert "1 closed key released: the message that failed runs first" in said
    assert OperatorAction.objects.get().details == {"released_key": str(key.pk)}


def test_what_cannot_be_handed_back_is_left_with_the_reason(group: str, command: Command) -> None:
    gone = a_letter(group, topic="gone")
    rows = [
        a_letter(group, 1, state="redriving"),
        a_letter(group, 2, state="redriven", result="done"),
        a_letter(group, 3, state="discarded"),
        a_held_letter(group, 4),
    ]
    unknown = new_id()
    ids = (*(row.pk for row in (gone, *rows)), unknown)
    result = Redriving(LetterSelection(ids=ids)).carry_out(by=ADA)
    assert set(result.left) == {
        f"{gone.pk}: {group} no longer subscribes to gone",
        f"{rows[0].pk}: is on its way",
        f"{rows[1].pk}: was redriven already (done)",
        f"{rows[2].pk}: was discarded",
        f"{rows[3].pk}: waits in order behind its closed key: release the key",
        f"{unknown}: there is no such letter",
    }
    assert (result.count, result.released_keys) == (0, 0)
    assert not OperatorAction.objects.exists()
    with pytest.raises(CommandError, match="6 left as they are"):
        command("redrive", *ids)


def test_a_filter_takes_what_fits_and_is_one_action_on_its_group(
    group: str, command: Command
) -> None:
    ours = [a_letter(group, number) for number in range(3)]
    a_letter(group, 3, exception="shop.Closed")
    a_letter(group, 4, key=b"other")
    a_letter("elsewhere", 5)

    said = command("redrive", group=group, exception="shop.NoStock", key="k")

    assert "3 letters handed back." in said
    assert set(DeadLetter.objects.filter(state="redriving")) == set(ours)
    action = OperatorAction.objects.get()
    assert (action.target_type, action.target_id) == ("consumer_group", group)
    created_before = action.details.pop("created_before")
    assert created_before <= timezone.now().isoformat()
    assert action.details == {
        "group": group,
        "exception": "shop.NoStock",
        "key": "k",
        "letters": 3,
        "released_keys": 0,
        "first_letter": str(ours[0].pk),
        "last_letter": str(ours[2].pk),
    }


@pytest.mark.parametrize(
    ("chosen", "offsets"),
    [
        ({"handler": "tests.other"}, [1]),
        ({"type": "thing.ended"}, [2]),
        ({"topic": "elsewhere"}, []),
        ({"created_from": timezone.now() - timedelta(hours=1)}, [0, 1, 2]),
        ({"created_before": timezone.now() - timedelta(hours=1)}, [3]),
        ({"exception": "shop.NoStock", "limit": 2}, [0, 1]),
        ({"exception": "shop.NoStock", "topics": ()}, []),
    ],
)
def test_what_the_filters_mean(group: str, chosen: dict[str, Any], offsets: list[int]) -> None:
    a_letter(group, 0)
    a_letter(group, 1, handler="tests.other")
    a_letter(group, 2, type="thing.ended")
    a_letter(group, 3, created_at=timezone.now() - timedelta(days=1))
    Redriving(LetterSelection(**chosen)).carry_out(by=ADA)
    found = DeadLetter.objects.filter(state="redriving").order_by("offset")
    assert list(found.values_list("offset", flat=True)) == offsets


def test_letters_beyond_the_callers_topics_are_unknown_to_them(group: str) -> None:
    letter = a_letter(group)
    selection = LetterSelection(ids=(letter.pk,), topics=("another",))
    assert Redriving(selection).carry_out(by=ADA).left == (
        f"{letter.pk}: there is no such letter",
    )
    assert states() == ["open"]


def test_a_filter_tells_in_one_line_of_the_letters_nobody_takes(group: str) -> None:
    for number in range(3):
        a_letter(group, number, topic="gone")
    preview = Redriving(LetterSelection(group=group)).preview()
    assert preview.left == (f"3 of gone: {group} no longer subscribes to it",)


def test_a_dry_run_groups_by_what_went_wrong_and_changes_nothing(
    group: str, command: Command
) -> None:
    a_letter(group, 0)
    a_letter(group, 1, error="none left")
    head = a_letter(group, 2, exception="shop.Closed")
    a_closed_key(group, head=head)

    said = command("redrive", group=group, dry_run=True, reason="")

    table = [line.split() for line in said.splitlines()]
    assert table[0][:4] == ["letters", "group", "exception", "handler"]
    assert table[1][:4] == ["2", group, "shop.NoStock", "tests.handle"]
    assert table[1][-2:] == ["none", "left"]
    assert table[2][:3] == ["1", group, "shop.Closed"]
    assert "2 letters would be handed back." in said
    assert "1 closed key would be released." in said
    assert states() == ["open"] * 3
    assert not OperatorAction.objects.exists()


def test_a_run_goes_in_chunks_and_once_ended_goes_on_with_what_is_open(group: str) -> None:
    for number in range(7):
        a_letter(group, number)
    stop = threading.Event()
    told: list[int] = []

    def tell(sofar: Redriven) -> None:
        told.append(sofar.count)
        if len(told) == 2:
            stop.set()

    redriving = Redriving(LetterSelection(group=group), rate=2)
    assert redriving.run(stop, by=ADA, tell=tell).count == 4
    assert states() == ["redriving"] * 4 + ["open"] * 3
    rest = Redriving(LetterSelection(group=group)).run(threading.Event(), by=ADA)
    assert rest.count == 3
    counts = OperatorAction.objects.order_by("at", "id").values_list("details__letters", flat=True)
    assert list(counts) == [2, 2, 3]


def test_a_run_holds_its_rate(group: str) -> None:
    for number in range(6):
        a_letter(group, number)
    began = time.monotonic()
    Redriving(LetterSelection(group=group), rate=4).run(threading.Event(), by=ADA)
    assert time.monotonic() - began >= 1.0


def test_a_run_ends_although_letters_are_left_and_new_ones_come(group: str) -> None:
    for number in range(3):
        a_letter(group, number, topic="gone")
    a_letter(group, 3)
    a_letter(group, 4)

    numbers = itertools.count()

    def fail_again(sofar: Redriven) -> None:
        a_letter(group, 5 + sofar.count + next(numbers), created_at=timezone.now())

    redriving = Redriving(LetterSelection(group=group), rate=1_000)
    redriving._chunk = 1
    result = redriving.run(threading.Event(), by=ADA, tell=fail_again)
    assert result.count == 2
    assert DeadLetter.objects.filter(state="redriving").count() == 2


def test_a_limit_counts_over_all_chunks(group: str) -> None:
    for number in range(5):
        a_letter(group, number)
    redriving = Redriving(LetterSelection(group=group, limit=3), rate=1_000)
    redriving._chunk = 2
    assert redriving.run(threading.Event(), by=ADA).count == 3


def test_a_thousand_letters_take_well_under_a_second(group: str) -> None:
    example = a_letter(group)
    copies = []
    for number in range(1, 1_000):
        copy = DeadLetter.objects.get(pk=example.pk)
        copy.pk, copy.offset = new_id(), number
        copies.append(copy)
    DeadLetter.objects.bulk_create(copies)
    began = time.monotonic()
    result = Redriving(LetterSelection(group=group)).run(threading.Event(), by=ADA)
    assert result.count == 1_000
    assert result.by_exception == {"shop.NoStock": 1_000}
    assert time.monotonic() - began < 1.0


@pytest.mark.django_db(transaction=True)
def test_it_waits_until_the_group_is_done_with_them(group: str, command: Command) -> None:
    for number in range(3):
        a_letter(group, number)

    def consume() -> None:
        on_their_way = DeadLetter.objects.filter(state="redriving")
        wait_until(lambda: on_their_way.count() == 3)
        on_their_way.filter(offset=2).update(state="redriven", result="failed again")
        on_their_way.update(state="redriven", result="done")
        connection.close()

    consumer = threading.Thread(target=consume)
    consumer.start()
    said = command("redrive", group=group, wait=True)
    consumer.join(10)
    assert "2 letters: done\n1 letter: failed again\n" in said


@pytest.mark.django_db(transaction=True)
def test_two_at_once_hand_each_letter_back_once(group: str) -> None:
    for number in range(200):
        a_letter(group, number)
    counts: list[int] = []

    def redrive() -> None:
        redriving = Redriving(LetterSelection(group=group))
        counts.append(redriving.run(threading.Event(), by=ADA).count)
        connection.close()

    threads = [threading.Thread(target=redrive) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(counts) == 200


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "by their ids, or by at least one filter"),
        (["01890000-0000-7000-8000-000000000000", "--group", "g"], "by their ids, or"),
        (["--limit", "3"], "at least one filter"),
        (["--group", "g", "--limit", "0"], "at least 1"),
        (["--group", "g", "--rate", "0"], "greater than 0"),
        (["--group", "g", "--rate", "nan"], "greater than 0"),
        (["--group", "g", "--from", "yesterday"], "'yesterday' is no time"),
        (["--group", "g", "--value-file", "x"], "exactly one letter id"),
        (["--group", "g", "--reason", " "], "say why"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("redrive", *words)
