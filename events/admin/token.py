"""Tokens: whose they are and until when they hold, and their end."""

from collections.abc import Iterable

import knox.admin  # noqa: F401 - registers the tokens, which are registered anew below
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from knox.models import AuthToken

from events.admin import columns
from events.admin.read_only import ReadOnly
from events.admin.reason import confirmation, given_reason, operator_of
from events.operating.tokens import revoke_tokens, token_name

admin.site.unregister(AuthToken)


@admin.register(AuthToken)
class AuthTokenAdmin(ReadOnly[AuthToken]):
    """Tokens, by the beginning of their digest; the token itself is stored nowhere."""

    actions = ("revoke",)
    list_display = ("heading", "user", "made", "expires")
    list_select_related = ("user",)
    ordering = ("-created", "digest")
    fields = ("heading", "user", "made", "expires")
    readonly_fields = ("heading", "made", "expires")
    empty_text = "No tokens have been made: manage.py createtoken makes one."

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Who may delete tokens may revoke them."""
        return request.user.has_perm("knox.delete_authtoken")

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AuthToken]) -> HttpResponse | None:
        """End the chosen tokens, once the reason is given."""
        chosen = list(queryset.select_related("user")[: self.list_per_page])
        if reason := given_reason(request):
            count = revoke_tokens(chosen, by=operator_of(request, reason=reason))
            messages.success(request, f"Revoked: {count}. Requests with them are refused now.")
            return None
        return confirmation(
            request,
            title="Revoke",
            doing=_told(chosen),
            action="revoke",
            keys=[token.pk for token in chosen],
        )

    @columns.column("Token")
    def heading(self, token: AuthToken) -> SafeString | str:
        """How its digest begins."""
        return columns.code(f"{token_name(token)}…")

    @columns.column("Made")
    def made(self, token: AuthToken) -> SafeString | str:
        """When it was made."""
        return columns.moment(token.created)

    @columns.column("Expires")
    def expires(self, token: AuthToken) -> SafeString | str:
        """When it ends."""
        return columns.moment(token.expiry) if token.expiry else "never"


def _told(tokens: Iterable[AuthToken]) -> list[str]:
    return [f"Token {token_name(token)}… of {token.user}" for token in tokens]
