"""Make the broker's topics agree with the declared ones."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.errors import ServiceUnavailable
from events.kafka.admin import KafkaTopics, TopicNotChanged
from events.kafka.topic_plan import Change, plan
from events.topics import declared_topics


class Command(BaseCommand):
    help = (
        "Compares the declared topics with those on the broker and says what differs; changes "
        "them with --apply. Never removes a topic or a partition."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="make the changes of the plan")

    def handle(self, *args: Any, apply: bool, **options: Any) -> None:
        topics = KafkaTopics()
        declared = list(declared_topics())
        try:
            todo = plan(declared, topics.existing(declared))
            for remark in todo.remarks:
                self.stdout.write(f"  note: {remark}")
            self._report(todo.changes)
            if apply:
                self._make(topics, todo.changes)
            elif todo.changes:
                self.stdout.write("Nothing was changed; run again with --apply to do it.")
        except ServiceUnavailable as error:
            raise CommandError(str(error)) from error

    def _report(self, changes: tuple[Change, ...]) -> None:
        if not changes:
            self.stdout.write("All declared topics are as declared.")
        for change in changes:
            self.stdout.write(f"  {change}")

    def _make(self, topics: KafkaTopics, changes: tuple[Change, ...]) -> None:
        refused = 0
        for change in changes:
            try:
                topics.make(change)
            except TopicNotChanged as error:
                refused += 1
                self.stderr.write(f"  refused: {change}: {error}")
            else:
                self.stdout.write(f"  done: {change}")
        if refused:
            raise CommandError(f"{refused} of {len(changes)} changes were refused")
