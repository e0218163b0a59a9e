"""The WSGI entry: what gunicorn serves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Only web processes pool their connections: commands own theirs (advisory locks, LISTEN).
os.environ.setdefault("DATABASE_POOL", "true")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
