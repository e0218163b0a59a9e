"""The stack: side by side, twice in one directory, beside external services, without orphans."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from local.errors import DirectoryInUse, ServiceFailed
from local.stack import Name, Stack

REPOSITORY = Path(__file__).resolve().parents[3]

FOREVER = """
import sys, threading
from pathlib import Path
from local.stack import Name, Stack
with Stack(Path(sys.argv[1]), services=("postgres", "valkey"), environ={}) as stack:
    if sys.argv[2:]:
        stack.postgres.freeze()
    print(stack.postgres.pid, stack.valkey.pid, flush=True)
    threading.Event().wait()
"""


def run(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        command, env=environment, stdout=subprocess.PIPE, text=True
    )


def test_the_environment_names_every_service(stack: Stack) -> None:
    environment = stack.environment
    assert environment["DATABASE_URL"] == environment["RELAY_DATABASE_URL"] == stack.postgres.url
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{stack.kafka.port}"
    assert environment["REDIS_URL"] == f"redis://127.0.0.1:{stack.valkey.port}/0"
    assert environment["EMAIL_URL"] == f"smtp://127.0.0.1:{stack.smtp.port}"


def test_nothing_listens_beyond_this_machine(stack: Stack) -> None:
    listening = [
        connection.laddr.ip
        for service in stack.services
        for connection in psutil.Process(service.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5  # Kafka has two
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_a_directory_in_use_is_refused_and_left_alone(stack: Stack) -> None:
    with pytest.raises(DirectoryInUse, match=f"in use by another stack .process {os.getpid()}"):
        Stack(stack.directory, environ={}).start()
    stack.valkey.wait_ready(1.0)


def test_two_stacks_live_side_by_side(stack: Stack) -> None:
    with Stack(environ={}) as other:
        directory = other.directory
        pids = [service.pid for service in other.services]
        ours = {service.port for service in stack.services}
        assert ours.isdisjoint(service.port for service in other.services)
        for service in (*stack.services, *other.services):
            service.wait_ready(5.0)
    assert not directory.exists()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_service_named_elsewhere_wins_and_is_not_started(tmp_path: Path) -> None:
    elsewhere = {"DATABASE_URL": "postgres://a:b@db.example.org/c", "EMAIL_URL": "smtp://m:25"}
    with Stack(tmp_path, services=("postgres", "valkey", "smtp"), environ=elsewhere) as stack:
        assert [service.name for service in stack.services] == ["valkey"]
        assert stack.environment == {**elsewhere, "REDIS_URL": stack.valkey.url}
        with pytest.raises(LookupError, match="postgres is not ours"):
            _ = stack.postgres


def test_a_second_start_finds_ports_and_data_again(tmp_path: Path) -> None:
    with Stack(tmp_path, services=("valkey", "smtp"), environ={}) as first:
        environment = first.environment
    with Stack(tmp_path, services=("valkey", "smtp"), environ={}) as second:
        assert second.environment == environment


def test_one_service_that_fails_stops_the_others_and_quotes_its_log(tmp_path: Path) -> None:
    data = tmp_path / "valkey" / "data" / "appendonlydir"
    data.mkdir(parents=True)
    (data / "appendonly.aof.manifest").write_text("nonsense\n")
    stack = Stack(tmp_path, services=("valkey", "smtp"), environ={})
    with pytest.raises(ServiceFailed, match=r"(?s)valkey ended.*nonsense"):
        stack.start()
    assert not any(service.running for service in stack.services)


def test_nothing_survives_a_kill_9_of_the_parent_not_even_frozen(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    command = [sys.executable, "-c", FOREVER, str(tmp_path), "frozen"]
    with run(command, environment) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        everybody = psutil.Process(parent.pid).children(recursive=True)
        assert {process.pid for process in everybody} > set(pids)
        parent.send_signal(signal.SIGKILL)
    assert psutil.wait_procs(everybody, timeout=10)[1] == []
    with Stack(tmp_path, services=("postgres", "valkey"), environ={}) as again:
        again.postgres.wait_ready(5.0)


def test_nothing_survives_a_kill_9_of_the_guard(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with run([sys.executable, "-c", FOREVER, str(tmp_path)], environment) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        (guard,) = psutil.Process(parent.pid).children()
        services = guard.children()
        guard.send_signal(signal.SIGKILL)
        assert psutil.wait_procs(services, timeout=10)[1] == []
        parent.send_signal(signal.SIGKILL)


def test_the_command_prints_the_environment_and_ends_on_sigterm(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    environment |= {"DATABASE_URL": "postgres://x/y", "KAFKA_BOOTSTRAP_SERVERS": "x:1"}
    environment |= {"EMAIL_URL": "", "REDIS_URL": ""}
    command = [sys.executable, "-m", "local", "up", "--directory", str(tmp_path)]
    with run(command, environment) as parent:
        assert parent.stdout is not None
        printed = [parent.stdout.readline() for _ in range(4)]
        everybody = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(15) == 143
    assert "DATABASE_URL=postgres://x/y\n" in printed
    assert psutil.wait_procs(everybody, timeout=5)[1] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_can_run_it_all(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(REPOSITORY / "local", home / "local")
    for path in (home, *home.rglob("*")):
        shutil.chown(path, "nobody")
    script = textwrap.dedent("""
        import os
        from pathlib import Path
        from local.stack import Name, Stack
        assert os.getuid() != 0
        with Stack(Path("state"), services=("postgres", "valkey", "smtp"), environ={}) as stack:
            stack.postgres.kill()
            stack.postgres.start()
            stack.postgres.wait_ready()
            print("all of it works")
    """)
    done = run_as_nobody(script, home)
    assert "all of it works" in done.stdout, done.stdout + done.stderr


def run_as_nobody(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    # The interpreter and the test's directory may lie where only root may enter: a capability
    # to pass directories is all that remains of root.
    drop = "import sys; from local import privilege; privilege.become('nobody'); "
    start = drop + "import os; os.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])"
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", start, script],
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_stack_that_is_interrupted_while_starting_ends_soon(tmp_path: Path) -> None:
    services: tuple[Name, ...] = ("kafka",)
    stack = Stack(tmp_path, services=services, environ={})
    outcome: list[BaseException] = []

    def start() -> None:
        try:
            stack.start()
        except ServiceFailed as error:
            outcome.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    began = time.monotonic()
    stack.kafka.abandon()
    thread.join(5)
    assert not thread.is_alive()
    assert time.monotonic() - began < 3.0
    assert not stack.kafka.running
    assert "abandoned" in str(outcome[0])
