"""Edit and redrive: a mended message takes its letter's place, if its group could handle it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from events.conf import Limits
from events.consuming.subscriptions import subscribe, unsubscribe
from events.errors import EditRefused
from events.models import DeadLetter, OperatorAction
from events.models.identifiers import new_id
from events.operating.editing import EditedRedrive
from events.operating.operator import Operator
from events.topics import EventType, Topic, declare_topic, forget_topic
from tests.conftest import MakeTopic
from tests.integration.operating.conftest import Command, handle
from tests.integration.operating.failed_rows import (
    SEEN,
    TYPE,
    a_closed_key,
    a_held_letter,
    a_letter,
    headers,
)

pytestmark = pytest.mark.django_db

ADA = Operator(name="ada", reason="a typing error")


@pytest.fixture
def strict_group(make_topic: MakeTopic) -> Iterator[str]:
    """A group whose event type has a schema, which its consumer does not check."""
    name = make_topic(TYPE, create=False)
    forget_topic(name)
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    declare_topic(Topic(name=name, types=(EventType(name=TYPE, schema=schema),)))
    subscribe(name, group=name, type=TYPE)(handle)
    yield name
    unsubscribe(name, group=name, type=TYPE)


def problems(letter: DeadLetter, **edit: Any) -> tuple[str, ...]:
    """Return the problems that the preview tells and for which carrying out is refused."""
    editing = EditedRedrive(letter.pk, **edit)
    found = editing.preview().problems
    with pytest.raises(EditRefused) as refused:
        editing.carry_out(by=ADA)
    assert refused.value.problems == found
    letter.refresh_from_db()
    assert letter.state == "open"
    assert DeadLetter.objects.count() == 1
    assert not OperatorAction.objects.exists()
    return found


def test_the_child_has_the_new_bytes_and_the_story_of_its_parent(group: str) -> None:
    letter = a_letter(group, 7)
    child_id = EditedRedrive(letter.pk, value=b'{"n": 7, "sku": "a"}').carry_out(by=ADA)

    child = DeadLetter.objects.get(pk=child_id)
    letter.refresh_from_db()
    assert (letter.state, letter.result) == ("redriven", f"edited: see {child_id}")
    assert (child.state, child.parent_id, child.attempts) == ("redriving", letter.pk, 0)
    assert bytes(child.value or b"") == b'{"n": 7, "sku": "a"}'
    assert (child.group, child.topic, child.partition, child.offset) == (group, group, 0, 7)
    assert (bytes(child.key or b""), child.recorded_at) == (b"k", SEEN)
    assert (child.exception, child.error) == (letter.exception, letter.error)
    assert child.traceback == letter.traceback
    assert (child.dedupe_key, child.type) == ("thing:7", TYPE)
    assert child.headers == letter.headers
    action = OperatorAction.objects.get()
    assert (action.action, action.target_id) == ("edit_and_redrive", str(letter.pk))
    assert action.details["child"] == str(child_id)
    assert action.details["before_sha256"] != action.details["after_sha256"]
    assert "sku" not in str(action.details)


def test_a_header_is_edited_and_the_value_stays(group: str) -> None:
    letter = a_letter(group, headers=headers(type_name="thing.misnamed"), dedupe_key="", type="")
    edit = EditedRedrive(letter.pk, headers=(("ce_type", TYPE.encode()),))
    assert edit.preview().dedupe_key == "thing:0"
    child = DeadLetter.objects.get(pk=edit.carry_out(by=ADA))
    assert child.headers == headers()
    assert bytes(child.value or b"") == b'{"n": 0}'
    assert OperatorAction.objects.get().details["changed_headers"] == ["ce_type"]


def test_what_its_group_could_not_handle_is_refused(group: str) -> None:
    letter = a_letter(group)
    [why] = problems(letter, value=b"{")
    assert why.startswith("it cannot be decoded: the value is not JSON")
    [why] = problems(letter, value=b'{"m": 1}')
    assert why.startswith("it cannot be decoded: ")
    [why] = problems(letter, headers=(("ce_type", b"thing.unheard_of"),))
    assert why == f"no handler of {group} takes a message of this type on {group}"
    [why] = problems(letter, value=b'{"n": 1}')
    assert why.startswith("its dedupe key would be 'thing:1' instead of 'thing:0'")


def test_the_schema_counts_although_the_consumer_does_not_look_at_it(strict_group: str) -> None:
    letter = a_letter(strict_group, dedupe_key="")
    [why] = problems(letter, value=b'{"n": "one"}')
    assert why.startswith("it breaks the schema: /data/n ")
    [why] = problems(letter, value=b"not json")
    assert why.startswith("the value is not JSON")
    assert EditedRedrive(letter.pk, value=b'{"n": 1}').preview().problems == ()
    assert EditedRedrive(letter.pk, value=None).preview().problems == ()


def test_the_value_is_bounded(group: str, waybill_settings: Any) -> None:
    waybill_settings(limits=Limits(event_bytes=40))
    letter = a_letter(group)
    [why] = problems(letter, value=b'{"n": 0, "padding": "%s"}' % (b"x" * 40))
    assert why == "the value would be 63 bytes: 40 are allowed (limits.event_bytes)"


@pytest.mark.parametrize("state", ["redriving", "redriven", "discarded", "held"])
def test_only_an_open_letter_is_edited(group: str, state: str) -> None:
    letter = a_letter(group, state=state)
    for editing in (EditedRedrive(letter.pk, value=b"{}"), EditedRedrive(new_id(), value=b"{}")):
        with pytest.raises(EditRefused):
            editing.preview()
        with pytest.raises(EditRefused):
            editing.carry_out(by=ADA)


def test_an_edited_head_runs_first_of_its_released_key(group: str) -> None:
    head = a_letter(group)
    a_held_letter(group, 1)
    key = a_closed_key(group, head=head)
    child_id = EditedRedrive(head.pk, value=b'{"n": 0, "m": 1}').carry_out(by=ADA)
    key.refresh_from_db()
    assert (key.head_id, key.released_at is not None) == (child_id, True)
    held = DeadLetter.objects.held().values_list("pk", "offset")
    assert next(iter(held)) == (child_id, 0)


def test_the_command_shows_a_diff_and_hands_it_back(
    group: str, command: Command, tmp_path: Path
) -> None:
    letter = a_letter(group, value=b'{"n":0,"sku":"b"}')
    file = tmp_path / "value"
    file.write_bytes(b'{"n":0,"sku":"a"}')

    options = {"value_file": file, "header": ["tenant=north"]}
    said = command("redrive", letter.pk, dry_run=True, reason="", **options)
    assert '-  "sku": "b"\n+  "sku": "a"\n' in said
    assert "+tenant: north" in said
    assert "1 letter would be handed back as edited." in said
    assert DeadLetter.objects.count() == 1

    said = command("redrive", letter.pk, **options)
    child = DeadLetter.objects.get(parent=letter)
    assert f"1 letter handed back as edited: it is letter {child.pk} now." in said
    assert child.headers == headers(("tenant", "north"))
    assert bytes(child.value or b"") == b'{"n":0,"sku":"a"}'


def test_the_command_shows_binary_as_such_and_says_why_it_refuses(
    group: str, command: Command, tmp_path: Path
) -> None:
    letter = a_letter(group, value=b"\xff\x00")
    file = tmp_path / "value"
    file.write_bytes(b"\xfe")
    with pytest.raises(CommandError, match="cannot be decoded"):
        command("redrive", letter.pk, value_file=file)
    with pytest.raises(CommandError, match="No such file"):
        command("redrive", letter.pk, value_file=tmp_path / "nothing")
    with pytest.raises(CommandError, match="write NAME=VALUE"):
        command("redrive", letter.pk, header=["tenant"])
    with pytest.raises(CommandError, match="exactly one letter id"):
        command("redrive", letter.pk, new_id(), header=["tenant=north"])
