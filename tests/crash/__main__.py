"""`python -m tests.crash --kills N [--seed S] [--json PATH]`: a crash run of its own stack."""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from events.stopping import stop_on_signals
from local.children import ROOT
from local.demo.screen import Screen
from local.errors import LocalError
from local.stack import Stack
from tests.acceptance.template import prepare_template
from tests.crash.arena import Arena
from tests.crash.plan import Plan
from tests.crash.report import show
from tests.crash.run import CrashRun
from tests.crash.verdict import Verdict

EXIT_UNCLEAN, EXIT_INTERRUPTED = 1, 130


def main() -> int:
    """Run; returns 0 only if everything was done and every promise was kept."""
    options = _options()
    screen = Screen()
    screen.line(f"Seed {options.seed}", style="bold")
    os.environ.setdefault("SECRET_KEY", "only-for-tests")
    directory = options.directory or Path(tempfile.mkdtemp(prefix="waybill-crash-"))
    directory.mkdir(parents=True, exist_ok=True)
    with stop_on_signals() as stop:
        try:
            verdict = _run(options, directory=directory, screen=screen, stop=stop)
        except (LocalError, AssertionError) as error:
            screen.line(f"Failed: {error}", style="bold red")
            screen.line(f"Logs are in {directory}")
            return EXIT_UNCLEAN
    show(verdict, screen)
    _write(verdict, options.json, screen)
    if not verdict.is_clean:
        screen.line(f"Logs, journal and trace are in {directory}")
        return EXIT_UNCLEAN
    if not options.directory:
        shutil.rmtree(directory)
    return EXIT_INTERRUPTED if verdict.run.is_interrupted else 0


def _run(
    options: argparse.Namespace, *, directory: Path, screen: Screen, stop: threading.Event
) -> Verdict:
    plan = Plan(kills=options.kills, seed=options.seed)
    stack = Stack(environ={}, say=screen.say)
    try:
        with screen.step("Starting the services"):
            stack.start()
            token = prepare_template(stack, directory=directory)
        arena = Arena(
            stack, token=token, directory=directory, plan=plan, broken={}, say=screen.say
        )
        try:
            command = f"make crashtest KILLS={plan.kills} SEED={plan.seed}"
            return CrashRun(arena, plan=plan, screen=screen, command=command).run(stop)
        finally:
            arena.close()
    finally:
        stack.stop()


def _write(verdict: Verdict, path: Path, screen: Screen) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(verdict.as_json(), indent=2, ensure_ascii=False) + "\n")
    screen.line(f"The figures are in {path}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--kills", type=int, default=100, help="how many kill -9 (100)")
    parser.add_argument("--seed", type=int, help="of the chance; printed, to be given back")
    parser.add_argument("--json", type=Path, help="where the figures go (.local/crash-SEED.json)")
    parser.add_argument("--directory", type=Path, help="where logs, journal and trace stay")
    options = parser.parse_args()
    if options.kills < 1:
        parser.error("--kills must be at least 1")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1_000_000)
    options.json = options.json or ROOT / ".local" / f"crash-{options.seed}.json"
    return options


if __name__ == "__main__":
    sys.exit(main())
