"""Settings of the plain peer: no apps, one middleware, the database as ours."""

from config.settings import ALLOWED_HOSTS, DATABASES, SECRET_KEY

__all__ = ["ALLOWED_HOSTS", "DATABASES", "SECRET_KEY"]

DEBUG = False
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # says how long an answer is
ROOT_URLCONF = "benchmarks.plain.urls"
USE_TZ = True
LOGGING_CONFIG = None
