"""What a process does not need it does not load: processes are started often, and again after
every death."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from django.contrib import admin
from django.core import checks

ROOT = Path(__file__).resolve().parents[3]
LOADED = """
import sys, django
django.setup()
from importlib import import_module
command = import_module("events.management.commands.{command}").Command
assert command.requires_system_checks == ["waybill"]
print(*sys.modules, sep="\\n")
"""
HEAVY = {"config.urls", "events.admin", "reportlab", "PIL", "rest_framework.views", "knox.auth"}
NOT_LOADED = {"runrelay": HEAVY | {"redis"}, "runconsumer": HEAVY}  # which asks Redis


@pytest.mark.parametrize("command", NOT_LOADED)
def test_a_command_loads_nothing_of_the_web_process(command: str) -> None:
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", LOADED.format(command=command)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": "x"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert not NOT_LOADED[command] & set(ended.stdout.split())


def test_the_console_is_loaded_with_the_addresses_and_stands_its_checks() -> None:
    import_module("config.urls")
    assert "Event" in {model.__name__ for model in admin.site._registry}
    assert [one for one in admin.site.check(None) if one.level >= checks.ERROR] == []
