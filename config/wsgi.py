"""The WSGI entry: what gunicorn serves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Only web processes pool their connections: commands own theirs (advisory locks, LISTEN).
os.environ.setdefault("DATABASE_POOL", "true")

from django.core.wsgi import get_wsgi_application

from config.web_request import WebRequest

application = get_wsgi_application()
application.request_class = WebRequest
