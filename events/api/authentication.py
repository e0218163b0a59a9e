"""Authentication: knox tokens and the browser's session, made safe for bodies and odd headers."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]  # knox has no types
    """`Authorization: Token …`; what is not printable ASCII never reaches the database."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """Return (user, token row); raises AuthenticationFailed."""
        if not token.isascii() or not token.decode("ascii").isprintable():
            raise AuthenticationFailed
        return super().authenticate_credentials(token)

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Say whether the token has expired.

        Knox's own would read all tokens of the user, and delete some, at each request.
        """
        return auth_token.expiry is not None and bool(auth_token.expiry < timezone.now())


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
