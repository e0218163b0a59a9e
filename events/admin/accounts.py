"""Users, groups and tokens, shown by unfold as the rest of the console."""

import django.contrib.auth.admin
import knox.admin  # noqa: F401 - registers the tokens, which are registered anew below
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.utils.safestring import SafeString
from knox.models import AuthToken
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from events.admin import columns
from events.admin.read_only import ReadOnly

for taken_over in (User, Group, AuthToken):
    admin.site.unregister(taken_over)


@admin.register(User)
class UserAdmin(django.contrib.auth.admin.UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    """People and services that may sign in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(django.contrib.auth.admin.GroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Sets of permissions."""


@admin.register(AuthToken)
class AuthTokenAdmin(ReadOnly[AuthToken]):
    """Tokens, by the beginning of their key; the token itself is stored nowhere."""

    list_display = ("heading", "user", "made", "expires")
    list_select_related = ("user",)
    ordering = ("-created", "digest")
    fields = ("heading", "user", "made", "expires")
    readonly_fields = ("heading", "made", "expires")
    empty_text = "No tokens have been made."

    @columns.column("Token")
    def heading(self, token: AuthToken) -> SafeString | str:
        """How the token begins."""
        return columns.code(f"{token.token_key}…")

    @columns.column("Made")
    def made(self, token: AuthToken) -> SafeString | str:
        """When it was made."""
        return columns.moment(token.created)

    @columns.column("Expires")
    def expires(self, token: AuthToken) -> SafeString | str:
        """When it ends."""
        return columns.moment(token.expiry) if token.expiry else "never"
