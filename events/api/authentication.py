"""Authentication: knox tokens and the browser's session, made safe for bodies and odd headers."""

from collections.abc import Iterator
from functools import cache
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
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

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]  # knox has no types
    """`Authorization: Token …`; what is not printable ASCII never reaches the database."""

    def authenticate_credentials(self, token: bytes) -> tuple[AbstractBaseUser, AuthToken]:
        """Return (user, token row); raises AuthenticationFailed."""
        if not token.isascii() or not token.decode("ascii").isprintable():
            raise AuthenticationFailed
        given = token.decode("ascii")
        digest = hash_token(given)
        for row in _rows_of(given[: CONSTANTS.TOKEN_KEY_LENGTH]):
            if compare_digest(digest, row.digest) and _is_valid(row):
                return row.user, row
        raise AuthenticationFailed


def _rows_of(token_key: str) -> Iterator[AuthToken]:
    """Yield the token rows with this beginning, their users with them.

    As `AuthToken.objects.select_related("user")` would, at a fifth of its price: every request
    asks this, and composing the query anew costs more than PostgreSQL's answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(_query(), [token_key])
        rows = cursor.fetchall()
    token_columns, user_columns = _columns(AuthToken), _columns(get_user_model())
    for row in rows:
        found = AuthToken.from_db("default", token_columns, row[: len(token_columns)])
        user = get_user_model().from_db("default", user_columns, row[len(token_columns) :])
        found.user = user
        yield found


@cache
def _query() -> str:
    query = AuthToken.objects.filter(token_key="").select_related("user").query
    text: str = query.sql_with_params()[0]
    return text


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
