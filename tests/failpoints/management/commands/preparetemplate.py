"""Make the database that every acceptance test copies; prints an API token for it."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from knox.models import AuthToken

from events.models import TopicGrant
from tests.failpoints.handlers import EFFECTS_TABLE
from tests.failpoints.people import OPERATOR


class Command(BaseCommand):
    help = "Migrate, make the table of effects and a user; print the user's API token."

    def handle(self, *_args: object, **_options: Any) -> None:
        call_command("migrate", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(EFFECTS_TABLE)
        users = get_user_model().objects
        users.create_superuser(**OPERATOR)
        user = users.create_user("client")
        TopicGrant.objects.create(
            user=user, topic="*", may_publish=True, may_read=True, may_operate=True
        )
        _, token = AuthToken.objects.create(user)
        self.stdout.write(token)
