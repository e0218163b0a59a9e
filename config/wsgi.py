"""The WSGI entry: what gunicorn serves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Only web processes pool their connections: commands own theirs (advisory locks, LISTEN).
os.environ.setdefault("DATABASE_POOL", "true")

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.web_request import WebRequest

application = get_wsgi_application()
application.request_class = WebRequest
# All addresses with their views are loaded now, with `--preload` once for all workers: else the
# first caller of each worker would wait for it, and a mistake in them would be found by callers.
_ = get_resolver().url_patterns
