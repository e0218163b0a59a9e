"""Tokens: made for callers of the API and revoked, each an operator action."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from knox.models import AuthToken

from events.operating.operator import Operator

NAME_CHARACTERS = 12
TARGET = "token"


def create_token(user: Any, *, expires_after: timedelta | None, by: Operator) -> tuple[str, str]:
    """Return a new token of the user and its name; None: it never expires.

    The token itself is stored nowhere. Those the user has already stay.
    """
    with transaction.atomic():
        row, token = AuthToken.objects.create(user, expiry=expires_after)
        details = {
            "user": user.get_username(),
            "expires_at": row.expiry.isoformat() if row.expiry else "never",
        }
        by.record("create_token", target_type=TARGET, target_id=token_name(row), details=details)
    return token, token_name(row)


def revoke_tokens(tokens: Iterable[AuthToken], *, by: Operator) -> int:
    """End the tokens at once, all or none; return how many there still were."""
    with transaction.atomic():
        # Locked: who revokes the same at the same time finds nothing left to do.
        digests = [token.digest for token in tokens]
        found = list(
            AuthToken.objects.filter(digest__in=digests)
            .order_by("digest")
            .select_for_update(of=("self",))
            .select_related("user")
        )
        for token in found:
            details = {"user": token.user.get_username()}
            name = token_name(token)
            token.delete()
            by.record("revoke_token", target_type=TARGET, target_id=name, details=details)
    return len(found)


def token_name(token: AuthToken) -> str:
    """Return what a token is called in lists and in the audit: the beginning of its digest."""
    return str(token.digest)[:NAME_CHARACTERS]
