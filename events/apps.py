"""The app: finds topics and handlers of every installed app, and the system checks."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = "Waybill"

    def ready(self) -> None:
        """Import `<app>/topics.py`, then `<app>/handlers.py`; register the system checks."""
        autodiscover_modules("topics")
        autodiscover_modules("handlers")
        import_module("events.checks")
