"""A replay over HTTP, from the request to its report, with a process that runs it."""

import pytest
from django.test import Client

from events.models import Replay
from tests.integration.api.conftest import api, caller, static_root, token  # noqa: F401 - fixtures
from tests.integration.api.operating_posts import WHY, post
from tests.integration.api.test_answers_described import described
from tests.integration.replaying.running.conftest import Numbers

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_asked_for_over_http_is_run_and_told(
    numbers: Numbers,
    api: Client,  # noqa: F811
) -> None:
    numbers.declare()
    numbers.send(*range(10))
    numbers.consume()
    numbers.forget(3, 4)
    body = {"group": numbers.topic, "range": "all", "reason": WHY}

    asked = post(api, "replays", body)
    numbers.run(Replay.objects.get())
    told = api.get(asked["Location"]).json()

    described("/api/v1/replays/{replay_id}", "get", 200).validate(told)
    assert (asked.json()["progress"], asked.json()["state"]) == (0, "requested")
    assert (told["progress"], told["state"]) == (1, "done")
    assert {name: each for name, each in told["counters"].items() if each} == {
        "succeeded": 2,
        "done": 8,
    }
    assert [(row["from"], row["to"], row["position"]) for row in told["partitions"]] == [
        (0, 10, 10),
        (0, 0, 0),
    ]
    assert told["report"] == {"gaps": [], "gaps_cut": False, "note": ""}
    assert told["finished_at"] is not None
