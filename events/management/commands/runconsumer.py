"""runconsumer: consume as a member of one group until told to stop."""

import logging
import os
import sys
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.conf import waybill
from events.consuming.assembly import EXIT_OK, ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.subscriptions import groups
from events.observing.collector import collect_rarely
from events.stopping import stop_on_signals


class Command(BaseCommand):
    requires_system_checks = ["waybill"]  # the others would load every page of the web process
    help = "Consume events as a member of GROUP until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "group", nargs="?", help="the consumer group; may be left out if there is only one"
        )
        parser.add_argument(
            "--from-beginning",
            action="store_true",
            help="read every partition from its first message; what is done already is skipped",
        )
        parser.add_argument("--max-messages", type=int, help="stop after so many messages")
        parser.add_argument(
            "--until-idle",
            action="store_true",
            help="stop when every partition is read to its end and nothing waits for a retry",
        )
        parser.add_argument(
            "--max-bytes", type=int, help="hold at most about so many bytes of fetched messages"
        )

    def handle(self, **options: Any) -> None:
        settings = waybill()
        collect_rarely()
        overrides: dict[str, Any] = {}
        if (most := _positive(options, "max_bytes")) is not None:
            settings = replace(settings, fetch_bytes=most)
            overrides["queued.max.messages.kbytes"] = max(1, most // 1024)
        process = ConsumerProcess(
            group=_group(options["group"]),
            settings=settings,
            until=Until(messages=_positive(options, "max_messages"), idle=options["until_idle"]),
            from_beginning=options["from_beginning"],
            overrides=overrides,
        )
        with stop_on_signals() as stop:
            code = process.run(stop)
        if code != EXIT_OK:
            # Something in this process hangs or is broken: nothing of it may run any more.
            logging.shutdown()
            sys.stdout.flush()
            os._exit(code)


def _group(name: str | None) -> str:
    known = groups()
    if name in known:
        return name
    told = f"the groups are: {', '.join(known)}" if known else "no handler subscribes to anything"
    if name is not None:
        raise CommandError(f"no handler subscribes as group {name!r}; {told}")
    if len(known) != 1:
        raise CommandError(f"name a group; {told}")
    return known[0]


def _positive(options: dict[str, Any], name: str) -> int | None:
    value: int | None = options[name]
    if value is not None and value < 1:
        raise CommandError(f"--{name.replace('_', '-')} must be at least 1")
    return value
