"""The way to a running demo: for its owner only, bounded, and clear when there is none."""

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.demo.living.control import Control, Refused, ask
from local.errors import ServiceFailed


def _answer(do: str, name: str) -> str:
    if do == "fail":
        raise ServiceFailed(f"{name} does not run")
    return f"{do} {name}: done"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # Far more than an address of a Unix socket may have.
    return tmp_path / ("a directory with a long näme " * 4) / "control" / "socket"


@pytest.fixture
def control(path: Path) -> Iterator[Control]:
    control = Control(path, _answer)
    yield control
    control.close()


@pytest.mark.usefixtures("control")
def test_what_is_asked_is_done_and_answered(path: Path) -> None:
    assert ask(path, "stop", "consumer") == "stop consumer: done"
    assert ask(path, "status") == "status : done"


@pytest.mark.usefixtures("control")
def test_what_cannot_be_done_is_refused_with_the_reason(path: Path) -> None:
    with pytest.raises(Refused, match="relay does not run"):
        ask(path, "fail", "relay")


@pytest.mark.usefixtures("control")
def test_nobody_else_gets_to_it(path: Path) -> None:
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.usefixtures("control")
@pytest.mark.parametrize("sent", [b"\n", b"[]\n", b'{"do": 1}\n', b"{" * 5_000, b"\xff\n"])
def test_nonsense_is_refused_and_the_next_request_is_answered(
    path: Path, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path.name)
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as stream:
            assert json.loads(stream.readline()) == {"refused": "that is no request"}

    assert ask(path, "stop", "consumer") == "stop consumer: done"


def test_where_no_demo_runs_it_says_how_to_start_one(path: Path) -> None:
    with pytest.raises(Refused, match="`make demo` starts one"):
        ask(path, "status")

    Control(path, _answer).close()
    with pytest.raises(Refused, match="`make demo` starts one"):
        ask(path, "status")


def test_the_socket_that_a_killed_demo_left_is_no_obstacle(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    control = Control(path, _answer)

    assert ask(path, "start", "relay") == "start relay: done"
    control.close()
