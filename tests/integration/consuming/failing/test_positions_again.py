"""A topic that was made anew brings other messages at the positions of old letters."""

from typing import Any

import pytest

from events.models import DeadLetter
from tests.integration.consuming.failing.conftest import Handler, held, redrive, release
from tests.integration.consuming.failing.test_quarantine import pause_key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def old_letters(handler: Handler, send: Any, declare: Any, consume: Any) -> None:
    """Letters of a topic that is gone, at the offsets at which the new one begins."""
    handler.broken = {1: ValueError("bad"), 2: ValueError("bad")}
    declare(dedupe_key="thing:{n}")
    send(91, 92)
    handler.broken = {91: ValueError("old"), 92: ValueError("old")}
    consume()
    # The new topic's messages lie at 2 and 3: as if the old letters did, too.
    for letter in DeadLetter.objects.order_by("-offset"):
        DeadLetter.objects.filter(pk=letter.pk).update(offset=letter.offset + 2, state="discarded")


@pytest.mark.usefixtures("old_letters")
def test_a_message_that_fails_there_is_set_aside_too(
    handler: Handler, send: Any, consume: Any
) -> None:
    handler.broken = {1: ValueError("new")}
    send(1, 2)
    consume()
    letter = DeadLetter.objects.open().get()
    assert bytes(letter.value or b"") == b'{"n": 1}'
    handler.broken = {}
    redrive()
    consume()
    assert handler.done() == [2, 1]


@pytest.mark.usefixtures("old_letters")
def test_a_message_of_a_closed_key_is_held_there_too(
    handler: Handler, topic: str, send: Any, consume: Any
) -> None:
    pause_key(topic)
    send(1, 2)
    consume()
    assert held() == [1, 2]
    release()
    consume()
    assert handler.done() == [1, 2]
