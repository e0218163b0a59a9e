"""Replays are followed, paused, resumed and stopped from the console."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.auditing.actions import record_action
from events.models import DeadLetter, Replay, TopicGrant
from tests.audit_rows import a_consumption, a_dead_letter, an_attempt, an_event, at
from tests.integration.admin.doing import GROUP, WHY, audited, confirm, plan
from tests.integration.admin.pages import address
from tests.integration.admin.replay_rows import PLAN, a_replay

pytestmark = pytest.mark.django_db

LIST = address(Replay, "changelist")


def page(row: Replay) -> str:
    return address(Replay, "change", row.pk)


def control(how: str, row: Replay) -> str:
    return reverse(f"admin:events_replay_{how}", args=[row.pk])


def running(**fields: Any) -> Replay:
    """One that a living process runs, a third of it done ten seconds after its start."""
    row = {
        "state": "running",
        "host": "app-1",
        "pid": 41,
        "started_at": at(0),
        "progress_at": at(10),
        "lease_expires_at": timezone.now() + timedelta(minutes=1),
        "positions": {"order_invoices:0": 300},
        "counters": {"succeeded": 40, "done": 150, "failed": 2, "other": 8},
        **fields,
    }
    return a_replay(**row)


def test_the_page_tells_how_far_it_is_and_what_became_of_its_messages(superuser: Client) -> None:
    row = running()
    record_action(
        actor="ada", action="replay", target_type="replay", target_id=row.pk, reason=row.reason
    )

    answer = superuser.get(page(row))

    context, text = answer.context, answer.content.decode()
    assert context["percent"] == "33%"
    assert dict(context["facts"]) == {
        "Offsets": "200 of 600",
        "Rate": "20 a second",
        "Time left": "about 20 s",
        "Run by": "app-1:41",
    }
    assert {each.title: each.count for each, _ in context["counted"]} == {
        "Handled": 40,
        "Done already": 150,
        "Failed": 2,
        "Not chosen": 8,
    }
    assert [row[:5] for row in context["partitions"]] == [
        ("order_invoices:0", "100", "300", "400", "100"),
        ("order_invoices:1", "100", "100", "400", "300"),
    ]
    links = {each.title: link for each, link in context["counted"] if link}
    assert links == {"Failed": f"{address(DeadLetter, 'changelist')}?state=open&replay={row.pk}"}
    assert "2 messages failed and became dead letters" in text
    assert "ada: replay" in text


def test_the_rate_is_measured_from_one_look_to_the_next(superuser: Client) -> None:
    row = running()
    text = superuser.get(page(row)).content.decode()
    renewal = text.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    assert dict(superuser.get(renewal).context["facts"])["Rate"] == "20 a second"

    row.positions, row.progress_at = {"order_invoices:0": 400}, at(12)
    row.save()

    assert dict(superuser.get(renewal).context["facts"])["Rate"] == "35 a second"  # of 20 and 50
    for nonsense in ("at=x", "at=nan&passed=1&per_s=1", "at=0&passed=0&per_s=5e-324"):
        assert superuser.get(f"{page(row)}?{nonsense}").status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "requested"}, "Waits for a worker: <code>manage.py runreplay <span>--serve"),
        ({"lease_expires_at": at(0)}, "(app-1:41) has stopped. A worker"),
        (
            {"state": "paused", "report": {"note": "20 dead letters."}},
            "Paused: 20 dead letters. Nothing of it",
        ),
        ({"state": "failed", "report": {"note": "No disk."}}, "Failed: No disk. Mend the cause"),
        ({"state": "stopped"}, "What was run stays done"),
    ],
)
def test_the_page_says_what_keeps_it_and_what_to_do(
    superuser: Client, fields: dict[str, Any], said: str
) -> None:
    row = running(**{"lease_expires_at": None, **fields})

    assert said in plan(superuser, page(row))


def test_the_page_renews_itself_until_the_replay_is_over(superuser: Client) -> None:
    for state in Replay.State.values:
        row = running(state=state, finished_at=at(20))
        renews = 'id="wb-replay" class="wb-page" hx-get' in plan(superuser, page(row))
        assert renews is (state in Replay.ACTIVE), state


def test_what_kafka_no_longer_had_is_named_with_its_events(superuser: Client) -> None:
    event = an_event()
    gap = {"topic": "order_invoices", "partition": 0, "from": 3, "to": 20, "offsets": 17}
    found = {"events": [str(event.pk)], "events_count": 5}
    row = running(state="done", finished_at=at(20), report={"gaps": [{**gap, **found}]})

    text = plan(superuser, page(row))

    assert "from 3 to 19 · 17 without a message · 5 events lay there" in text
    assert reverse("admin:events_event_change", args=[event.pk]) in text
    assert "and 4 more" in text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "everything there is"),
        ({"range": "offsets", "bounds": {"from": 5, "before": 9}}, "offsets 5 to 8"),
        ({"range": "offsets", "bounds": {"from": 5, "before": 6, "partition": 1}}, "offset 5"),
        ({"range": "offsets", "bounds": {"by_partition": {"a:0": [1, None]}}}, "a:0 offsets from"),
        ({"range": "timestamps", "bounds": {"from": at(0).isoformat()}}, "2026-03-01 12:00:00"),
        ({"only": {"key": "/wA="}}, "0xff00"),
        ({"only": {"type": "invoice.requested"}}, "invoice.requested"),
    ],
)
def test_the_list_tells_the_range_in_words(
    superuser: Client, fields: dict[str, Any], said: str
) -> None:
    row = a_replay(**fields)

    text = plan(superuser, LIST)

    assert said in text
    assert page(row) in text


def test_filters_find_what_is_not_over(superuser: Client) -> None:
    for state in Replay.State.values:
        a_replay(state=state)
    a_replay(group="others")

    for query, found in (("state=active", 4), ("state=done", 1), ("group=others", 1), ("", 7)):
        listed = superuser.get(f"{LIST}?{query}").context["cl"].result_list
        assert len(listed) == found, query


def test_a_replay_is_seen_by_those_who_may_read_all_its_topics(operator: Client) -> None:
    mine = a_replay()
    foreign = a_replay(topics=["order_invoices", "salaries"])

    listed = operator.get(LIST).context["cl"].result_list

    assert [row.pk for row in listed] == [mine.pk]
    assert operator.get(page(foreign)).status_code == 302
    assert operator.get(control("stop", foreign)).status_code == 404
    shown = operator.get(reverse("admin:group", args=[GROUP])).context["replays"]
    assert [page(mine) in str(row[0]) for row in shown] == [True]


@pytest.mark.parametrize(
    ("how", "before", "after"),
    [
        ("pause", "running", "paused"),
        ("resume", "failed", "requested"),
        ("stop", "paused", "stopped"),
    ],
)
def test_it_is_paused_resumed_and_stopped_with_a_reason(
    operator: Client, how: str, before: str, after: str
) -> None:
    row = running(state=before)
    assert control(how, row) in plan(operator, page(row))
    assert "within a second" in plan(operator, control(how, row)).lower() or how == "resume"
    assert confirm(operator, control(how, row), reason=" ").status_code == 200

    assert confirm(operator, control(how, row)).status_code == 302

    row.refresh_from_db()
    assert row.state == after
    assert audited() == [("olga", f"{how}_replay", WHY, True)]
    assert f"olga: {how}_replay" in plan(operator, page(row))


def test_what_does_not_fit_its_state_is_not_offered_and_not_done(operator: Client) -> None:
    row = running(state="done", finished_at=at(20))
    for how in ("pause", "resume", "stop"):
        assert control(how, row) not in plan(operator, page(row))
        assert 'name="reason"' not in plan(operator, control(how, row))
        assert confirm(operator, control(how, row)).status_code == 200
    row.refresh_from_db()
    assert (row.state, audited()) == ("done", [])


def test_who_may_only_look_is_offered_nothing_and_refused_with_a_row(viewer: Client) -> None:
    row = running()
    text = plan(viewer, page(row))
    for how in ("pause", "resume", "stop"):
        assert control(how, row) not in text
        assert viewer.get(control(how, row)).status_code == 403
        assert confirm(viewer, control(how, row)).status_code == 403
    row.refresh_from_db()
    assert row.state == "running"
    assert audited() == [
        ("bob", f"{how}_replay", WHY, False) for how in ("pause", "resume", "stop")
    ]


def test_all_topics_of_a_replay_have_to_be_granted(operator: Client) -> None:
    olga = User.objects.get(username="olga")
    TopicGrant.objects.create(user=olga, topic="salaries", may_read=True)
    row = running(topics=["order_invoices", "salaries"], plan=[{**PLAN, "from": 1, "to": 2}])

    assert control("stop", row) not in plan(operator, page(row))
    assert confirm(operator, control("stop", row)).status_code == 403


def test_what_a_replay_ran_leads_back_to_it(superuser: Client) -> None:
    row = a_replay()
    ran = (
        a_consumption(None, replay=row),
        an_attempt(an_event(), generation=row.pk),
        a_dead_letter(None, replay=row),
    )

    for each in ran:
        assert page(row) in plan(superuser, address(type(each), "change", each.pk))


def test_the_letters_of_a_replay_are_listed_by_themselves(superuser: Client) -> None:
    row = running()
    mine = a_dead_letter(None, group=GROUP, offset=1, replay=row)
    a_dead_letter(None, group=GROUP, offset=2)
    letters = address(DeadLetter, "changelist")
    there = f"{letters}?state=open&replay={row.pk}"
    assert there in plan(superuser, page(row)).replace("&amp;", "&")

    answer = superuser.get(there)

    assert [each.pk for each in answer.context["cl"].result_list] == [mine.pk]
    assert "all of this filter" not in answer.content.decode()
    for unknown in ("x", row.pk.int, mine.pk):
        assert "Nothing matches" in plan(superuser, f"{letters}?replay={unknown}")
