"""Django's settings, one file, everything that differs between machines from the environment."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from django.templatetags.static import static

from config.logs import logging_config
from config.web_bounds import web_bounds
from config.web_connection import BoundedConnection

django_stubs_ext.monkeypatch()  # lets admin.ModelAdmin[Model] be written at run time

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    # The console's pages are loaded by the web process alone, with config.urls: every other
    # command starts in two thirds of the time.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "pgtrigger",
    "rest_framework",
    "drf_spectacular_sidecar",  # the files of Swagger UI
    "knox",
    "events",
    "invoices",
    *env.list("EXTRA_APPS", default=[]),
]

MIDDLEWARE = [
    "events.api.request_id.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.browser_middleware.BrowserSession",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.browser_middleware.BrowserLogin",
    "config.browser_middleware.BrowserMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- PostgreSQL ---------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="postgres://waybill@127.0.0.1:5432/waybill")
# The relay holds session locks: it needs a direct connection, not a transaction pooler.
RELAY_DATABASE_URL = env.str("RELAY_DATABASE_URL", default=DATABASE_URL)


def _database() -> dict[str, Any]:
    pooled = env.bool("DATABASE_POOL", default=False)
    database: dict[str, Any] = env.db_url_config(DATABASE_URL)
    options = database.setdefault("OPTIONS", {})
    options.setdefault("connect_timeout", 5)
    options.setdefault("application_name", "waybill")
    statement_timeout_s = web_bounds().statement_s if pooled else 30
    options.setdefault(
        "options",
        f"-c lock_timeout=5s -c statement_timeout={statement_timeout_s}s"
        " -c idle_in_transaction_session_timeout=60s",
    )
    # Statements that are run again and again are planned once (those with parameters bound by the
    # server: events/sql.py). Not behind a transaction pooler that does not know them.
    options.setdefault(
        "prepare_threshold", 5 if env.bool("DATABASE_PREPARE", default=True) else None
    )
    # A vanished server is noticed within this time (milliseconds).
    options.setdefault("tcp_user_timeout", 15_000)
    if pooled:
        options["pool"] = {
            "min_size": 1,
            "max_size": web_bounds().threads,
            "timeout": 5,
            "connection_class": BoundedConnection,
        }
    database["CONN_MAX_AGE"] = 0 if pooled else None
    database["CONN_HEALTH_CHECKS"] = True
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- Redis: each alias has a database of its own; dedupe keys are exactly as written ----------
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")


def _next_database(url: str) -> str:
    parts = urlsplit(url)
    number = parts.path.strip("/") or "0"
    # An address written otherwise (a socket, a cluster) stays: the system check asks for another.
    return parts._replace(path=f"/{int(number) + 1}").geturl() if number.isdecimal() else url


CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "dedupe": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "events.consuming.dedupe.key_as_written",
        "TIMEOUT": None,
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            # Asked once ("don't know" is a good answer, four timeouts in a row are not): the
            # connections of a pool do not try again unless they are told to.
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
        },
    },
    "throttle": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": env.str("THROTTLE_REDIS_URL", default="") or _next_database(REDIS_URL),
        # A request waits for it: beyond this it goes unthrottled.
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.25, "SOCKET_TIMEOUT": 0.25},
    },
}

# --- E-mail -------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="smtp://127.0.0.1:1025"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Waybill <invoices@waybill.invalid>")

# --- HTTP ---------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "events.api.authentication.TokenAuthentication",
        "events.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["events.api.throttling.CallerThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["events.api.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "events.api.negotiation.FirstRenderer",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "events.api.problems.problem_response",
}
# The API reads its bodies itself, bounded (events.api.body); this bounds the admin's forms, the
# login form of strangers among them.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
REST_KNOX = {"TOKEN_TTL": None, "AUTO_REFRESH": False}

STATIC_URL = "/static/"
# Only for collectstatic; without it whitenoise serves from where the files lie.
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
WHITENOISE_USE_FINDERS = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=not DEBUG)
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True

LOGGING_CONFIG = None
logging_config(
    level=env.str("LOG_LEVEL", default="INFO"), as_json=env.bool("LOG_JSON", default=False)
)

# --- The console -----------------------------------------------------------------------------
LOGIN_REDIRECT_URL = "admin:index"
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Waybill",
    "SITE_HEADER": "Waybill",
    "SITE_SUBHEADER": "Every event, accounted for",
    "SITE_SYMBOL": "package_2",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("events/favicon.svg"),
        }
    ],
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "STYLES": [lambda _request: static("events/console.css")],
    "SCRIPTS": [lambda _request: static("events/console.js")],
    "GLOBAL_CALLBACK": "events.admin.navigation.context",
    "DASHBOARD_CALLBACK": "events.admin.overview.overview",
    "SIDEBAR": {"navigation": "events.admin.navigation.sidebar"},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        }
    },
}

# --- Waybill itself: every key is described in events/conf.py --------------------------------
WAYBILL: dict[str, Any] = {
    "source": env.str("WAYBILL_SOURCE", default="/waybill"),
    "relay_database_url": RELAY_DATABASE_URL,
    "regions": env.list("WAYBILL_REGIONS", default=["eu", "us"]),
    "platforms": env.list("WAYBILL_PLATFORMS", default=["web", "ios", "android"]),
    "token_memory_s": env.float("WAYBILL_TOKEN_MEMORY_S", default=1.0),
    "allowed_topic_names": ["order_invoices"],
    "waiting_requests": web_bounds().threads // 4,  # the others are for whoever does not wait
    "throttle_publish": env.str("WAYBILL_THROTTLE_PUBLISH", default="1200000/1m"),
    "throttle_read": env.str("WAYBILL_THROTTLE_READ", default="30000/1m"),
    "throttle_operate": env.str("WAYBILL_THROTTLE_OPERATE", default="600/1m"),
    "on_gap": env.str("WAYBILL_ON_GAP", default="earliest"),
    "storm_letters": env.int("WAYBILL_STORM_LETTERS", default=100),
    "schema_snapshot": str(BASE_DIR / "config" / "event_schemas.json"),
}
