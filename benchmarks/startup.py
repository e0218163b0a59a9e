"""How much CPU does it take to start a process?

`python -m benchmarks.startup` starts each process to the point where it has done its first work
and ended, and beside it, in the same rounds, the least that Django itself takes.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence

from benchmarks.figure import Figure, against
from benchmarks.stage import run_alone
from local.children import ROOT
from local.demo.stage import Stage

ROUNDS = 5
DJANGO = """
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
django.setup()
"""
COMMANDS: Mapping[str, tuple[Sequence[str], str]] = {
    "a relay, to its first look": (("manage.py", "runrelay", "--once"), "<= 1.0 s"),
    "a consumer, to its partitions": (("manage.py", "runconsumer", "bench", "--until-idle"), ""),
    "manage.py shell": (("manage.py", "shell", "--no-imports", "-c", "pass"), ""),
}
PEER = ("-c", DJANGO)


def measure(stage: Stage) -> list[Figure]:
    """Return the CPU seconds of each command beside Django's own."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    django: list[float] = []
    for _ in range(ROUNDS):
        django.append(_cpu_s(PEER, environment=stage.environment))
        for name, (arguments, _) in COMMANDS.items():
            seconds[name].append(_cpu_s(arguments, environment=stage.environment))
    return [
        against(
            f"start of {name}",
            ours=statistics.median(seconds[name]),
            unit="CPU s",
            peer=statistics.median(django),
            peer_name="django.setup()",
            target=target,
        )
        for name, (_, target) in COMMANDS.items()
    ]


def _cpu_s(arguments: Sequence[str], *, environment: Mapping[str, str]) -> float:
    before = os.times()
    subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, *arguments],
        cwd=ROOT,
        env=dict(environment),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


if __name__ == "__main__":
    run_alone(measure)
