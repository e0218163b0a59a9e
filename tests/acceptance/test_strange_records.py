"""F41: records that no publisher of ours would write: each is done, set aside, or not for us."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.acceptance.api_client import ApiClient
from tests.acceptance.console import FOR_BROWSERS, Console
from tests.acceptance.length import lasting
from tests.acceptance.producing import TYPE, Headers, put_records
from tests.acceptance.system import System
from tests.checker.history import History, Place
from tests.checker.invariants import violations
from tests.waiting import wait_until

BATCHES = lasting(25, full=400)
SHOWN_LETTERS = 25
HANDLED, PASSED = "handled", "passed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Strange:
    """A record without its id, and what is to become of it: else the reason of its letter."""

    value: bytes
    headers: dict[str, bytes]
    becomes: str
    is_named: bool = True


WELL_FORMED = {"ce_specversion": b"1.0", "ce_source": b"/elsewhere", "ce_type": TYPE}
GOOD = b'{"n": 1}'
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NO_INTEGER = ANYTHING.filter(lambda each: not is_integer(each))
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


def is_integer(value: object) -> bool:
    """Whether JSON Schema calls it one."""
    return not isinstance(value, bool) and (
        isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    )


def valued(value: object, becomes: str) -> Strange:
    """A well-formed record with this value."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Strange(value=raw, headers=WELL_FORMED, becomes=becomes)


def headed(becomes: str, **headers: bytes | None) -> Strange:
    """A good value with other headers; None is one that is missing."""
    changed = {**WELL_FORMED, **headers}
    kept = {name: value for name, value in changed.items() if value is not None}
    return Strange(value=GOOD, headers=kept, becomes=becomes)


def is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


RECORDS = st.one_of(
    st.integers(-(2**53), 2**53).map(lambda n: valued({"n": n}, HANDLED)),
    NO_INTEGER.map(lambda wrong: valued({"n": wrong}, "breaks the schema: /data/n ")),
    st.dictionaries(TEXT.filter(lambda name: name != "n"), ANYTHING, max_size=2).map(
        lambda members: valued(members, "breaks the schema: .*(n|required)")
    ),
    TEXT.filter(lambda name: name != "n").map(
        lambda name: valued({"n": 1, name: 1}, "breaks the schema: ")
    ),
    ANYTHING.filter(lambda each: not isinstance(each, dict)).map(
        lambda whole: valued(whole, "breaks the schema: ")
    ),
    st.binary(max_size=60)
    .filter(lambda raw: not is_json(raw))
    .map(lambda raw: valued(raw, "not JSON")),
    TEXT.filter(lambda name: name.encode() != TYPE).map(
        lambda name: headed(PASSED, ce_type=name.encode())
    ),
    TEXT.filter(lambda version: not version.startswith("1.")).map(
        lambda version: headed("ce_specversion", ce_specversion=version.encode())
    ),
    st.lists(
        st.sampled_from(["ce_specversion", "ce_source", "ce_type"]), min_size=1, unique=True
    ).map(lambda missing: headed(HANDLED, **dict.fromkeys(missing))),
    st.just(Strange(value=GOOD, headers={}, becomes=HANDLED, is_named=False)),
    st.sampled_from(["yesterday", "2026-13-01T00:00:00Z", ""]).map(
        lambda time: headed("ce_time is no RFC 3339 time", ce_time=time.encode())
    ),
    st.sampled_from(["ce_source", "ce_subject", "content-type"]).map(
        lambda name: headed(f"header {name} is not UTF-8", **{name: b"\xff\xfe"})
    ),
    st.sampled_from(["ce_source", "ce_subject"]).map(
        lambda name: headed(f"{name} holds NUL", **{name: b"a\0b"})
    ),
    st.sampled_from(["ce_source", "ce_subject", "traceparent"]).map(
        lambda name: headed(f"{name} is longer than", **{name: b"x" * 2_000})
    ),
)


@pytest.fixture
def put(system: System) -> list[Strange]:
    """What hypothesis came up with, in the order of the topic's one partition."""
    found: list[Strange] = []

    @settings(
        max_examples=BATCHES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        print_blob=True,
    )
    @given(st.lists(RECORDS, min_size=1, max_size=20))
    def come_up_with(some: list[Strange]) -> None:
        found.extend(some)

    come_up_with()
    put_records(system, [record(number, each) for number, each in enumerate(found)])
    return found


def record(number: int, strange: Strange) -> tuple[bytes, bytes, Headers]:
    """The record that is written, under an id of its own if it has one at all."""
    name = {"ce_id": b"%06d" % number} if strange.is_named else {}
    return b"key-%d" % (number % 5), strange.value, list({**name, **strange.headers}.items())


def test_strange_records_end_as_they_should_and_every_list_shows_them(
    system: System, put: list[Strange]
) -> None:
    system.variables["ACCEPTANCE_SCHEMA"] = "1"
    system.web(variables=FOR_BROWSERS).start()
    checks = {"consume_checks_schemas": True, "storm_letters": 0}
    consumer = system.consumer(waybill=checks)
    consumer.start()
    handled = sum(each.becomes == HANDLED for each in put)
    wait_until(lambda: system.effects() == handled, timeout_s=60)
    system.wait_until_recovered()
    assert consumer.running

    history = system.history()
    assert violations(for_us(history, put)) == []
    letters = {each.place: each.reason for each in history.dead_letters}
    for each, written in zip(put, history.records, strict=True):
        assert ended_well(each, letters.get(written.place)), (each, letters.get(written.place))
    assert set(map(kind_of, put)) >= {HANDLED, PASSED, "letter"}
    show_everything(system, letters)


def for_us(history: History, put: Iterable[Strange]) -> History:
    """Leave out what has a type that the group did not ask for."""
    asked = zip(put, history.records, strict=True)
    return replace(
        history, records=tuple(written for each, written in asked if each.becomes != PASSED)
    )


def kind_of(strange: Strange) -> str:
    return strange.becomes if strange.becomes in {HANDLED, PASSED} else "letter"


def ended_well(strange: Strange, reason: str | None) -> bool:
    """Whether the reason of its letter, if it has one, is the one that is wanted."""
    if kind_of(strange) != "letter":
        return reason is None
    return reason is not None and re.search(strange.becomes, reason) is not None


def show_everything(system: System, letters: dict[Place, str]) -> None:
    """Every list of the API and of the console answers, and so do letters one by one."""
    api = ApiClient(system.web_port, token=system.token)
    api.wait_until_ready()
    for path in lists_of(api):
        assert api.get(path).status == 200, path
    console = Console(system.web_port)
    console.log_in()
    pages = console.list_pages()
    assert "/admin/events/deadletter/" in pages
    for page in pages:
        assert console.get(page)[0] == 200, page
    shown = console.rows_of("/admin/events/deadletter/")
    assert len(shown) >= min(len(letters), SHOWN_LETTERS)
    for letter in shown[:SHOWN_LETTERS]:
        assert console.get(letter)[0] == 200, letter
        status, message = console.reveal(letter)
        assert (status, "Revealed to" in message) == (200, True), letter


def lists_of(api: ApiClient) -> list[str]:
    """Return what can be read of the API without naming anything."""
    paths = api.get("/api/v1/schema/").json["paths"]
    found = [path for path, operations in paths.items() if "get" in operations and "{" not in path]
    assert "/api/v1/events" in found
    return found
