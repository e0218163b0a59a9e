"""Users and groups, shown by unfold as the rest of the console."""

import django.contrib.auth.admin
from django.contrib import admin
from django.contrib.auth.models import Group, User
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

for taken_over in (User, Group):
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
