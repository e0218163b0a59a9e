"""The services of a test run: started once by the controlling process, shared by the workers.

Loaded early (`-p tests.services`): Django's settings read the addresses when pytest starts.
"""

import os
import sys
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from local.errors import NoSuchServices, ServiceFailed
from local.stack import Stack

STARTED = "WAYBILL_TEST_SERVICES"  # "ready", or why there are none
WITHOUT = ("tests/unit", "tests/acceptance")  # the latter kills services: it has its own
_stack: Stack | None = None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> Generator[None, object, object]:
    os.environ.setdefault("SECRET_KEY", "only-for-tests")
    # What a test changes about a token or a grant counts at once.
    os.environ.setdefault("WAYBILL_TOKEN_MEMORY_S", "0")
    if "PYTEST_XDIST_WORKER" in os.environ:
        _own_redis_database(os.environ["PYTEST_XDIST_WORKER"])
    elif _needs_services(args):
        _start()
    return (yield)


def pytest_unconfigure() -> None:
    if _stack is not None:
        _stack.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    state = os.environ.get(STARTED, "not started")
    if state != "ready" and not _goes_without(item.path):
        pytest.skip(f"no services: {state}")  # never in CI: there a failed start ends the run


def _needs_services(args: list[str]) -> bool:
    paths = [arg for arg in args if not arg.startswith("-") and Path(arg.split("::")[0]).exists()]
    return not paths or not all(_goes_without(Path(path)) for path in paths)


def _goes_without(path: Path) -> bool:
    return any(part in path.as_posix() for part in WITHOUT)


def _start() -> None:
    global _stack  # noqa: PLW0603 - one stack a run, stopped by the hook that ends it
    if "--collect-only" in sys.argv or "--co" in sys.argv:
        return
    try:
        stack = Stack()
        stack.start()
    except NoSuchServices as error:
        raise pytest.UsageError(str(error)) from error  # asked for by name: never skipped
    except ServiceFailed as error:
        if os.environ.get("CI"):
            raise pytest.UsageError(f"a service did not start: {error}") from error
        os.environ[STARTED] = str(error).splitlines()[0]
        return
    _stack = stack
    os.environ.update(stack.environment)
    os.environ[STARTED] = "ready"


def _own_redis_database(worker: str) -> None:
    if url := os.environ.get("REDIS_URL"):
        number = 2 * int(worker.removeprefix("gw"))  # the next one is for throttles
        os.environ["REDIS_URL"] = urlunsplit(urlsplit(url)._replace(path=f"/{number}"))
