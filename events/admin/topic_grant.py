"""Topic grants: who may publish, read, see values and operate, by topic."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin

from events.admin import columns
from events.admin.reason import confirmation, given_reason, operator_of, reason_field
from events.models import TopicGrant
from events.operating.granting import save_grant, withdraw_grants

_RIGHTS = {
    "may_publish": "publish",
    "may_read": "read",
    "may_see_values": "see values",
    "may_operate": "operate",
}


class GrantForm(forms.ModelForm):  # type: ignore[type-arg]  # unfold takes the plain class
    """A grant, and why it is given or changed."""

    reason = reason_field()

    class Meta:
        model = TopicGrant
        fields = ("user", "group", "topic", *_RIGHTS)


@admin.register(TopicGrant)
class TopicGrantAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Given to users or to groups of users, for a topic or a pattern."""

    actions = ("withdraw",)
    form = GrantForm
    list_display = ("heading", "rights")
    list_select_related = ("user", "group")
    search_fields = ("topic", "user__username", "group__name")
    ordering = ("topic", "pk")
    autocomplete_fields = ("user", "group")
    fieldsets = (
        (None, {"fields": ("user", "group", "topic")}),
        ("What it allows", {"fields": tuple(_RIGHTS)}),
        (None, {"fields": ("reason",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: TopicGrant | None = None) -> Any:
        """Ask for a reason only those who can change something."""
        shown = super().get_fieldsets(request, obj)
        may_save = self.has_change_permission(request, obj) if obj else True
        return shown if may_save else shown[:-1]

    @columns.column("Holder and topic", header=True)
    def heading(self, grant: TopicGrant) -> tuple[str, str]:
        """Whose it is, over the topic or pattern."""
        holder = f"group {grant.group}" if grant.group else f"{grant.user}"
        return holder, grant.topic

    @columns.column("Rights")
    def rights(self, grant: TopicGrant) -> str:
        """What it allows."""
        given = [word for column, word in _RIGHTS.items() if getattr(grant, column)]
        return ", ".join(given) or "none"

    def save_model(
        self, request: HttpRequest, obj: TopicGrant, form: GrantForm, _change: bool
    ) -> None:
        """Store the grant with its operator action."""
        save_grant(obj, by=operator_of(request, reason=form.cleaned_data["reason"]))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out Django's own way to delete, which asks for no reason."""
        offered: dict[str, Any] = super().get_actions(request)
        offered.pop("delete_selected", None)
        return offered

    @admin.action(description="Withdraw", permissions=["delete"])
    def withdraw(
        self, request: HttpRequest, queryset: QuerySet[TopicGrant]
    ) -> HttpResponse | None:
        """Withdraw the chosen grants, once the reason is given."""
        chosen = list(queryset.select_related("user", "group"))
        if self._withdrawn(request, chosen):
            return None
        keys = [grant.pk for grant in chosen]
        return confirmation(request, title="Withdraw", doing=chosen, action="withdraw", keys=keys)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Withdraw one grant, once the reason is given."""
        grant = self.get_object(request, object_id)
        if not self.has_delete_permission(request, grant):
            raise PermissionDenied
        if grant is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return missing
        if self._withdrawn(request, [grant]):
            return HttpResponseRedirect(reverse("admin:events_topicgrant_changelist"))
        return confirmation(request, title="Withdraw", doing=[grant])

    def _withdrawn(self, request: HttpRequest, grants: Iterable[TopicGrant]) -> bool:
        reason = given_reason(request)
        if not reason:
            return False
        count = withdraw_grants(grants, by=operator_of(request, reason=reason))
        messages.success(request, f"Withdrawn: {count}. It counts from the next request.")
        return True
