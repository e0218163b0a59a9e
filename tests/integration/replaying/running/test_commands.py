"""runreplay, replays, pausereplay, resumereplay, stopreplay: what they do and what they say."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import TopicPartition
from django.core.management import CommandError
from django.db import connections
from django.utils import timezone

from events.models import OperatorAction, Replay
from events.operating.replays import resume_replay, stop_replay
from events.replaying.worker import ReplayWorker
from tests.audit_rows import a_publication, an_event
from tests.integration.operating.conftest import Command, command  # noqa: F401 - a fixture
from tests.integration.replaying.running.conftest import ANN, Numbers, counted
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def only_replay() -> Replay:
    """The replay there is; its id is the first one that the commands name."""
    return Replay.objects.get()


def test_a_trial_tells_of_each_partition_and_changes_nothing(
    numbers: Numbers,
    command: Command,  # noqa: F811
) -> None:
    numbers.declare()
    numbers.send(*range(10))
    numbers.consume()
    numbers.forget(3, 4)
    numbers.send(10, partition=1)

    said = command("runreplay", numbers.topic, dry_run=True, reason="")

    table = [line.split() for line in said.splitlines()]
    assert table[0][:6] == ["topic", "partition", "from", "to", "messages", "removed"]
    assert table[0][6:] == ["archived", "done", "would", "run", "beyond"]
    assert table[1] == [numbers.topic, "0", "0", "10", "10", "0", "0", "8", "2", "0"]
    assert table[2] == [numbers.topic, "1", "0", "0", "0", "0", "0", "0", "0", "1"]
    assert "At most 2 would be run; 8 are done already." in said
    assert "1 lie beyond: the group has yet to come to them" in said
    assert "a dry run" in said
    said = command("runreplay", numbers.topic, "--mode", "force", dry_run=True)
    assert "At most 10 would be run; 8 are done already, and run again." in said
    assert not Replay.objects.exists()


def test_it_is_run_to_its_end_and_reported(
    numbers: Numbers,
    command: Command,  # noqa: F811
) -> None:
    numbers.declare()
    numbers.send(*range(10))
    numbers.consume()
    numbers.forget(3, 4)
    numbers.handler.broken = {4: ValueError("no")}

    said = command("runreplay", numbers.topic, "--from-offset", "2", "--topic", numbers.topic)

    replay = only_replay()
    assert counted(replay) == {"succeeded": 1, "failed": 1, "done": 6}
    assert replay.reason == "mended"
    first, *_, last = said.splitlines()
    assert first == (
        f"Replay {replay.pk} of {numbers.topic}: missing of {numbers.topic}, offsets from 2."
    )
    assert "8 messages are on Kafka, 0 no longer." in said
    assert f"100 %  8 of 8  done  run 1, failed 1, done already 6\nReplay {replay.pk} of" in said
    assert re.search(rf"of {numbers.topic} is done, after \d+\.\d s\.", said)
    assert "  6  done already\n" in said
    assert last.startswith(
        f"Look at the dead letters: manage.py deadletters --group {numbers.topic}"
    )
    told = command("replays", str(replay.pk))
    assert told == said[said.index(f"Replay {replay.pk} of {numbers.topic} is done") :]
    with pytest.raises(CommandError, match="is done; resume a failed one, or ask anew"):
        command("runreplay", "--id", replay.pk)


def test_ctrl_c_ends_it_after_the_message_in_hand_and_its_id_goes_on(
    numbers: Numbers,
    command: Command,  # noqa: F811
) -> None:
    numbers.declare()
    numbers.handler.takes_s = 0.02
    numbers.send(*range(100))

    def press() -> None:
        wait_until(lambda: len(numbers.handler.calls) > 5)
        os.kill(os.getpid(), signal.SIGINT)

    person = threading.Thread(target=press)
    person.start()
    said = command("runreplay", numbers.topic)
    person.join()

    replay = only_replay()
    assert (replay.state, replay.lease_token) == ("running", None)
    assert 5 < replay.counters["succeeded"] < 100
    assert f"of {numbers.topic} stands at {replay.counters['succeeded']} %, and no process" in said
    assert said.splitlines()[-1] == f"To go on with it: manage.py runreplay --id {replay.pk}"
    numbers.handler.takes_s = 0
    command("runreplay", "--id", replay.pk)
    replay.refresh_from_db()
    assert (replay.state, counted(replay)) == ("done", {"succeeded": 100})
    assert numbers.handler.done() == list(range(100))


def test_a_worker_runs_what_was_asked_for_paused_and_resumed(
    numbers: Numbers,
    command: Command,  # noqa: F811
) -> None:
    numbers.declare()
    numbers.send(*range(50))
    said = command("runreplay", numbers.topic, detach=True)
    replay = only_replay()
    assert said.splitlines()[-1].endswith("a worker runs it: manage.py runreplay --serve")
    worker = ReplayWorker(settings=numbers.settings(), look_every_s=0.05)

    assert "would be paused" in command("pausereplay", replay.pk, dry_run=True)
    assert f"{numbers.topic} is paused" in command("pausereplay", replay.pk)
    assert not worker.run_once(threading.Event())
    with pytest.raises(CommandError, match="it is paused already"):
        command("pausereplay", replay.pk)
    assert "is resumed" in command("resumereplay", replay.pk)
    assert worker.run_once(threading.Event())
    replay.refresh_from_db()
    assert (replay.state, counted(replay)) == ("done", {"succeeded": 50})
    actions = OperatorAction.objects.on("replay", replay.pk).order_by("at")
    assert [row.action for row in actions] == ["replay", "pause_replay", "resume_replay"]

    numbers.forget(*range(50))
    numbers.handler.takes_s = 0.02
    long = numbers.ask()
    with serving(worker):
        wait_until(lambda: len(numbers.handler.calls) > 5)
        command("pausereplay", long.pk)
        # It is let go: the worker is free for others.
        wait_until(lambda: Replay.objects.filter(pk=long.pk, lease_token=None).exists())
        numbers.handler.takes_s = 0
        command("resumereplay", long.pk)
        wait_until(lambda: Replay.objects.filter(state="done").count() == 2, timeout_s=30)


def test_one_that_cannot_be_run_holds_back_no_other(
    numbers: Numbers,
    command: Command,  # noqa: F811
) -> None:
    numbers.declare()
    numbers.send(1)
    replay = numbers.ask()
    numbers.undeclare()
    worker = ReplayWorker(settings=numbers.settings())
    assert worker.run_once(threading.Event())
    replay.refresh_from_db()
    assert replay.state == "failed"
    assert not worker.run_once(threading.Event())

    unreadable = Replay.objects.create(group="stock", plan=[{}], requested_at=timezone.now())
    assert worker.run_once(threading.Event())
    Replay.objects.filter(pk=unreadable.pk).update(lease_expires_at=timezone.now())
    assert not worker.run_once(threading.Event())

    resume_replay(replay.pk, by=ANN)
    with pytest.raises(CommandError, match="did not come to its end") as refused:
        command("runreplay", "--id", replay.pk)
    assert refused.value.returncode == 1
    said = command("replays", replay.pk)
    assert "failed: Misconfigured: no handler subscribes" in said
    assert f"manage.py resumereplay {replay.pk}" in said


def test_gaps_are_named_with_the_events_that_were_there(
    numbers: Numbers,
    command: Command,  # noqa: F811
    kafka_admin: AdminClient,
) -> None:
    numbers.declare()
    numbers.send(*range(10))
    events = [an_event(topic=numbers.topic) for _ in range(7)]
    for offset, event in enumerate(events):
        a_publication(event, topic=numbers.topic, partition=0, offset=offset)
    for future in kafka_admin.delete_records([TopicPartition(numbers.topic, 0, 8)]).values():
        future.result(10)

    said = command("runreplay", numbers.topic)

    assert "2 messages are on Kafka, 8 no longer." in said
    assert f"{numbers.topic}:0 offsets 0 to 7: 8 hold no message; 7 of our events" in said
    assert all(str(event.pk) in said for event in events[:5])
    assert "and 2 more" in said
    assert said.splitlines()[-1].endswith("are replayed with --from-archive")
    told = command("replays", only_replay().pk)
    assert all(str(event.pk) in told for event in events)


def test_replays_are_listed_newest_first(
    numbers: Numbers,
    command: Command,  # noqa: F811
) -> None:
    numbers.declare()
    numbers.send(1)
    old = numbers.ask(type="thing.happened")
    stop_replay(old.pk, by=ANN)
    new = numbers.ask(mode="force", key=b"k", rate=5.0)

    def listed(*words: str) -> list[str]:
        said = command("replays", "--group", numbers.topic, *words)
        return [line.split()[0] for line in said.splitlines()]

    assert listed() == ["id", str(new.pk), str(old.pk)]
    assert listed("--state", "stopped") == ["id", str(old.pk)]
    assert listed("--state", "failed") == ["There"]
    said = command("replays")
    assert f"force of {numbers.topic}, all, only key 'k', 5 a second at most" in said
    with pytest.raises(CommandError, match="there is no replay"):
        command("replays", "01890000-0000-7000-8000-000000000000")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "name a group, or give --id or --serve"),
        (["stock", "--serve"], "only one of them"),
        (["--serve", "--from-offset", "0"], "--from-offset belongs to a replay that is asked for"),
        (["{topic}", "--from", "2026-03-01", "--partition", "0"], "by offsets or by times"),
        (["stoc"], "no handler subscribes as group 'stoc'"),
        (["{topic}", "--type", "a.b", "--key", "k"], "by type or by key"),
        (["{topic}", "--reason", " "], "say why"),
        (["--id", "01890000-0000-7000-8000-000000000000"], "there is no replay"),
    ],
)
def test_what_is_not_understood_is_refused(
    numbers: Numbers,
    command: Command,  # noqa: F811
    words: list[str],
    told: str,
) -> None:
    numbers.declare()
    with pytest.raises(CommandError, match=told):
        command("runreplay", *(word.format(topic=numbers.topic) for word in words))
    assert not Replay.objects.exists()


@contextmanager
def serving(worker: ReplayWorker) -> Iterator[None]:
    """Have the worker serve in a thread."""
    stop = threading.Event()

    def run() -> None:
        try:
            worker.run(stop)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
