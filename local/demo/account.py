"""The demo's user: a login for the admin and a token for the API."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from local.demo.state import write_secret

TOKEN_LIFE = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A login for the admin, and a token for the API."""

    user: str
    password: str
    token: str = ""


def read_account(file: Path) -> Account:
    """The account that was made last. Raises FileNotFoundError."""
    return Account(**json.loads(file.read_text()))


def make_account(file: Path) -> None:
    """Make the user with a fresh token, and write both to `file`; name and password stay.

    Needs Django to be set up.
    """
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - needs settings
    from knox.models import AuthToken  # noqa: PLC0415 - needs settings

    users = get_user_model().objects
    try:
        account = read_account(file)
    except FileNotFoundError:
        account = Account(user="demo", password=secrets.token_urlsafe(9))
        if users.filter(username=account.user).exists():
            # In a database of somebody else's: never touch the user of another.
            account = Account(user=f"demo-{secrets.token_hex(3)}", password=account.password)
    user, _ = users.update_or_create(
        username=account.user, defaults={"is_staff": True, "is_superuser": True}
    )
    user.set_password(account.password)
    user.save(update_fields=["password"])
    _, token = AuthToken.objects.create(user, expiry=TOKEN_LIFE)
    made = Account(user=account.user, password=account.password, token=token)
    write_secret(file, json.dumps(asdict(made)))
