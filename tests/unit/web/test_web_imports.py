"""F52: a web process reaches no producer, whatever is loaded: it would not survive its fork."""

import os
import subprocess
import sys

from local.children import ROOT

PRODUCER = "events.kafka.producer"
CLIENT = "confluent_kafka"
# Everything a web process may load: every address with its view, the admin with all its pages,
# what readiness and the schema documents import late.
_LOAD = """
import sys
import config.wsgi
from django.conf import settings
from django.contrib import admin
from django.template.loader import get_template
from django.urls import URLResolver, get_resolver
from django.utils.module_loading import import_string

def walk(patterns):
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from walk(each.url_patterns)
        else:
            yield each.callback

views = list(walk(get_resolver().url_patterns))
assert len(views) > 20, views
assert len(admin.site._registry) > 5
for name in settings.MIDDLEWARE:
    import_string(name)
"""
_TELL = "print([name for name in {names} if name in sys.modules])"


def loaded(program: str, *names: str) -> str:
    """Run the program in a fresh process; return which of the modules are loaded at its end."""
    done = subprocess.run(  # noqa: S603 - words of ours
        [sys.executable, "-c", f"{program}\n{_TELL.format(names=list(names))}"],
        cwd=ROOT,
        env={**os.environ, "SECRET_KEY": "x", "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_web_path_imports_the_producer() -> None:
    assert loaded(_LOAD, PRODUCER, CLIENT) == "[]"


def test_the_look_sees_a_producer_where_there_is_one() -> None:
    relay = "import sys\nimport config.wsgi\nimport events.publishing.relay"
    assert loaded(relay, PRODUCER, CLIENT) == f"['{PRODUCER}', '{CLIENT}']"
