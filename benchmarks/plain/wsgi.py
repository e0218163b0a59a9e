"""The WSGI entry of the plain peer."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.plain.settings"
os.environ.setdefault("DATABASE_POOL", "true")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
