"""Make an API token: `manage.py createtoken shop --expires 90d`."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from events.duration import duration
from events.management.operator_options import operator_of
from events.operating.tokens import create_token

NEVER = "never"


class Command(BaseCommand):
    help = (
        "Makes a token for the API and prints it, and nothing else, on standard output. It is "
        "stored nowhere: whoever loses it needs another. A user may have several; they are "
        "revoked in the console, on the page Tokens."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="name of an active user")
        parser.add_argument(
            "--expires",
            required=True,
            metavar="DURATION",
            help=f"after what time it ends: 90d, 12h, 2w; or {NEVER!r}",
        )
        parser.add_argument(
            "--reason", default="asked for on the command line", help="for the audit"
        )
        parser.add_argument("--by", default="", help="who does it (the user of this terminal)")

    def handle(self, *_args: object, **options: Any) -> None:
        expires_after = _expires_after(options["expires"])
        by = operator_of(options)
        token, name = create_token(_user(options["user"]), expires_after=expires_after, by=by)
        self.stdout.write(token)
        self.stderr.write(
            f"Token {name} of {options['user']}, expires: {options['expires']}. Keep it now: it "
            "is not shown again.",
            style_func=str,
        )


def _expires_after(text: str) -> timedelta | None:
    try:
        return None if text == NEVER else duration(text)
    except ValueError as error:
        raise CommandError(f"--expires: {error}, and not {NEVER!r}") from error


def _user(name: str) -> Any:
    users = get_user_model()
    try:
        user = users._default_manager.get_by_natural_key(name)
    except users.DoesNotExist as error:
        raise CommandError(f"there is no user {name!r}") from error
    if not user.is_active:
        raise CommandError(f"user {name!r} is not active: no token of theirs would be accepted")
    return user
