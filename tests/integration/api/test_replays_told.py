"""Replays over HTTP: listed, told with how far they are, paused, resumed and stopped; by right."""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from events.models import Replay
from tests.audit_rows import at
from tests.integration.api.operating_posts import WHY, actions, audited, grant, post, refused
from tests.integration.api.problem_answers import told
from tests.integration.api.replay_rows import TOPIC, a_replay, half_way
from tests.integration.api.test_answers_described import described

pytestmark = pytest.mark.django_db

REPLAYS = "/api/v1/replays"
REASON = {"reason": WHY}


def ask(api: Client, **parameters: Any) -> Any:
    answer = api.get(f"{REPLAYS}?{urlencode(parameters)}")
    assert answer.status_code == 200, answer.content
    described(REPLAYS, "get", 200).validate(answer.json())
    return answer.json()


def ids(api: Client, **parameters: Any) -> list[str]:
    return [each["id"] for each in ask(api, **parameters)["replays"]]


def test_a_replay_tells_how_far_it_is(api: Client) -> None:
    replay = half_way()

    found = api.get(f"{REPLAYS}/{replay.pk}").json()

    described(f"{REPLAYS}/{{replay_id}}", "get", 200).validate(found)
    assert found["progress"] == 0.5  # 80 of 160 offsets
    assert [row["position"] for row in found["partitions"]] == [100, 0, 5]
    assert found["partitions"][0] == {
        "topic": TOPIC,
        "partition": 0,
        "from": 20,
        "to": 100,
        "position": 100,
        "first": 0,
        "end": 120,
        "committed": 110,
    }
    assert {name: count for name, count in found["counters"].items() if count} == {
        "succeeded": 7,
        "done": 63,
        "absent": 10,
    }
    assert len(found["counters"]) == 11
    assert found["report"] == replay.report
    told = {name: found[name] for name in ("state", "rate", "key_base64", "host", "pid")}
    assert told == {
        "state": "running",
        "rate": 50.0,
        "key_base64": "/w==",
        "host": "app-1",
        "pid": 41,
    }
    assert (found["by"], found["reason"]) == ("ada", "a day is missing")
    assert found["started_at"] == "2026-03-01T12:00:01.000000Z"
    [listed] = ask(api)["replays"]
    assert listed == {each: found[each] for each in found if each not in {"partitions", "report"}}


@pytest.mark.parametrize(
    ("fields", "progress"),
    [({"plan": []}, 1), ({"positions": {f"{TOPIC}:0": 25}}, 0.25), ({}, 0)],
)
def test_progress_is_a_share_of_the_offsets(
    api: Client, fields: dict[str, Any], progress: float
) -> None:
    replay = a_replay(**fields)

    whole = api.get(f"{REPLAYS}/{replay.pk}").json()

    assert whole["progress"] == progress
    assert whole["report"] == {"gaps": [], "gaps_cut": False, "note": ""}


def test_replays_are_listed_newest_first_page_by_page_and_by_what_is_asked(api: Client) -> None:
    replays = [
        a_replay(
            group="a" if number % 2 else "b",
            state=Replay.State.DONE if number % 3 else Replay.State.PAUSED,
            requested_at=at(number // 2),
        )
        for number in range(9)
    ]
    replays.sort(key=lambda row: (row.requested_at, row.pk), reverse=True)

    for filters in ({}, {"group": "a"}, {"state": "done"}, {"group": "b", "state": "paused"}):
        seen: list[str] = []
        following: str | None = ""
        while following is not None:
            cursor = {"cursor": following} if following else {}
            page = ask(api, limit=2, **filters, **cursor)
            seen += [each["id"] for each in page["replays"]]
            following = page["next"]
        wanted = [row for row in replays if vars(row).items() >= filters.items()]
        assert seen == [str(row.pk) for row in wanted]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?state=lost", "/state"),
        ("?limit=201", "/limit"),
        ("?cursor=x", "/cursor"),
        ("?topic=x", "/topic"),
        ("/01890000-0000-7000-8000-000000000000?state=done", "/state"),
    ],
)
def test_a_wrong_query_is_a_400_that_names_the_parameter(
    api: Client, query: str, pointer: str
) -> None:
    answer = api.get(f"{REPLAYS}{query}")

    refused(answer, status=400, code="invalid-parameter", pointers=[pointer])


def test_what_one_may_not_read_in_all_its_topics_is_as_good_as_none(
    limited: Client, reader: User
) -> None:
    mine = half_way(topics=["mine"])
    both = a_replay(topics=["mine", "other"])
    assert ids(limited) == []
    grant(reader, "mine", "read", "operate")
    grant(reader, "other", "operate", "see_values")

    assert ids(limited) == [str(mine.pk)]
    [listed] = ask(limited)["replays"]
    assert (listed["key_withheld"], "key_base64" in listed) == (True, False)  # it is a value, too
    there, nowhere = (limited.get(f"{REPLAYS}/{each}") for each in (both.pk, uuid4()))
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert told(there) == told(nowhere)
    for action in ("pause", "resume", "stop"):
        answer = post(limited, f"replays/{both.pk}/{action}", REASON)
        refused(answer, status=404, code="not-found")
    assert actions() == []


@pytest.mark.parametrize(
    ("action", "before", "after", "wrong"),
    [
        ("pause", "running", "paused", "done"),
        ("resume", "paused", "requested", "running"),
        ("stop", "failed", "stopped", "stopped"),
    ],
)
def test_a_replay_is_paused_resumed_and_stopped(
    api: Client, action: str, before: str, after: str, wrong: str
) -> None:
    replay = half_way(state=before)
    address = f"replays/{replay.pk}/{action}"

    answer = post(api, address, REASON, **{"X-Request-ID": "request-7"})

    assert (answer.status_code, answer.json()["state"]) == (200, after), answer.content
    described(f"{REPLAYS}/{{replay_id}}/{action}", "post", 200).validate(answer.json())
    replay.refresh_from_db()
    assert replay.state == after
    audited("caller", f"{action}_replay", replay.pk)

    Replay.objects.update(state=wrong)
    refused(post(api, address, REASON), status=409, code="replay-refused")
    refused(post(api, address, {}), status=422, code="invalid", pointers=["/reason"])
    more = {**REASON, "dry_run": True}
    refused(post(api, address, more), status=422, code="invalid", pointers=["/dry_run"])
    assert len(actions()) == 1


@pytest.mark.parametrize("action", ["pause", "resume", "stop"])
def test_to_change_a_replay_needs_the_right_to_operate_on_each_topic(
    limited: Client, reader: User, action: str
) -> None:
    replay = half_way(topics=["mine", "other"])
    grant(reader, "mine", "read", "operate")
    grant(reader, "other", "read")

    refused(post(limited, f"replays/{replay.pk}/{action}", REASON), status=403, code="forbidden")

    audited_refusal = ("reader", f"{action}_replay", str(replay.pk), False)
    assert actions() == [audited_refusal]
    replay.refresh_from_db()
    assert replay.state == "running"


def test_what_lets_a_forced_one_run_needs_its_permission(api: Client, caller: User) -> None:
    replay = half_way(mode="force")
    address = f"replays/{replay.pk}"

    assert post(api, f"{address}/pause", REASON).status_code == 200
    refused(post(api, f"{address}/resume", REASON), status=403, code="forbidden")
    caller.user_permissions.add(Permission.objects.get(codename="force_replay"))
    assert post(api, f"{address}/resume", REASON).status_code == 200

    assert [allowed for *_, allowed in actions()] == [True, False, True]
