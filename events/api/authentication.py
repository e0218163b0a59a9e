"""Authentication: knox tokens and the browser's session, made safe for bodies and odd headers."""

import time
from collections.abc import Iterator
from functools import cache
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.signals import setting_changed
from django.db import connection
from django.db.models import Model
from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from events.conf import waybill
from events.grants import grants_sql, keep_grants

_MOST_REMEMBERED = 10_000
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]  # knox has no types
    """`Authorization: Token …`; what is not printable ASCII never reaches the database."""

    def authenticate_credentials(self, token: bytes) -> tuple[AbstractBaseUser, AuthToken]:
        """Return (user, token row); raises AuthenticationFailed."""
        if not token.isascii() or not token.decode("ascii").isprintable():
            raise AuthenticationFailed
        given = token.decode("ascii")
        digest = hash_token(given)
        if (known := _memory.get(digest)) and _is_valid(known):
            return known.user, known
        for row in _rows_of(given[: CONSTANTS.TOKEN_KEY_LENGTH]):
            if compare_digest(digest, row.digest) and _is_valid(row):
                _memory.keep(row)
                return row.user, row
        raise AuthenticationFailed


class _Memory:
    """The tokens that were found valid a moment ago, with their users and grants.

    Busy callers send the same token hundreds of times a second. What is changed about a token, a
    user or a grant counts in every process when `token_memory_s` have passed.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[float, AuthToken]] = {}

    def get(self, digest: str) -> AuthToken | None:
        """Return the row, if it was kept and is not too old."""
        kept_until, row = self._rows.get(digest, (0.0, None))
        return row if time.monotonic() < kept_until else None

    def keep(self, row: AuthToken) -> None:
        """Keep a row that was read just now."""
        if (memory_s := waybill().token_memory_s) > 0:
            if len(self._rows) >= _MOST_REMEMBERED:
                self._rows = {}
            self._rows[row.digest] = (time.monotonic() + memory_s, row)

    def forget(self, **_: object) -> None:
        """Forget them all."""
        self._rows = {}


_memory = _Memory()
setting_changed.connect(_memory.forget, dispatch_uid="events.api.authentication")


def _rows_of(token_key: str) -> Iterator[AuthToken]:
    """Yield the token rows with this beginning, with their users and the users' grants.

    As `AuthToken.objects.select_related("user")` would, at a fifth of its price: every request
    asks this, and composing the query anew costs more than PostgreSQL's answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(_query(), [token_key])
        rows = cursor.fetchall()
    token_columns, user_columns = _columns(AuthToken), _columns(get_user_model())
    for *columns, grants in rows:
        found = AuthToken.from_db("default", token_columns, columns[: len(token_columns)])
        user = get_user_model().from_db("default", user_columns, columns[len(token_columns) :])
        keep_grants(user, grants)
        found.user = user
        yield found


@cache
def _query() -> str:
    query = AuthToken.objects.filter(token_key="").select_related("user").query
    text: str = query.sql_with_params()[0]
    columns, source, rest = text.partition(" FROM ")
    holder = f'"{AuthToken._meta.db_table}"."user_id"'
    return f"{columns}, {grants_sql(holder)}{source}{rest}"


@cache
def _columns(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def _is_valid(row: AuthToken) -> bool:
    is_expired = row.expiry is not None and row.expiry < timezone.now()
    return not is_expired and row.user.is_active


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of a browser; what it changes needs the CSRF token in the header X-CSRFToken."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return (user, None), or None for a stranger."""
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if not key.isascii() or not key.isprintable():
            return None  # PostgreSQL even refuses to be asked for some texts
        return super().authenticate(request)

    def enforce_csrf(self, request: Request) -> None:
        """Check the CSRF token without reading the body; raises PermissionDenied."""
        if (request.content_type or "").lower().startswith(_FORMS):
            raise PermissionDenied("Forms are not accepted here: send the CSRF token as a header.")
        # REST framework's own request would parse the body to look for the token in it.
        super().enforce_csrf(request._request)  # type: ignore[arg-type]
