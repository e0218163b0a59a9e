"""How the API is served: `gunicorn -c config/gunicorn.py config.wsgi`."""

import os
from pathlib import Path

import environ

from config.logs import logging_config

env = environ.Env()
environ.Env.read_env(Path(__file__).resolve().parent.parent / ".env")

# The master logs before any worker has read Django's settings.
logging_config(
    level=env.str("LOG_LEVEL", default="INFO"), as_json=env.bool("LOG_JSON", default=False)
)
logger_class = "config.web_logging.WebLogger"
accesslog = "-" if env.bool("WEB_ACCESS_LOG", default=True) else None

bind = env.str("WEB_BIND", default="127.0.0.1:8000")
# A request waits for PostgreSQL most of its time: threads share a process, and its pool. More
# threads than the pool has connections (8) would only queue inside instead of at the socket.
worker_class = "gthread"
workers = env.int("WEB_WORKERS", default=2)
threads = env.int("WEB_THREADS", default=8)
# Nothing connects or starts a thread at import, so `--preload` is safe. It is not the default:
# a SIGHUP could not load new code then.
preload_app = False

# With gthread this is no limit on a request: the worker's main thread beats while the others work.
# It replaces a worker that is stuck as a whole.
timeout = 30
# How long a stopping worker may finish what it has in hand; longer than any statement of ours may
# take would be pointless (statement_timeout is 30 s).
graceful_timeout = env.int("WEB_GRACEFUL_TIMEOUT", default=25)
# Longer than the pause between two requests of a busy caller; a load balancer in front should give
# up idle connections sooner than this.
keepalive = 5

# The addresses here are short and the headers few; the body is bounded by the views themselves.
limit_request_line = 2_048
limit_request_fields = 64
limit_request_field_size = 8_190

# The workers' sign of life is a file: on a disk that stalls they would be killed for nothing.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
# No second door beside the signals.
control_socket_disable = True
# Whose X-Forwarded-* are believed: only a proxy's.
forwarded_allow_ips = env.str("FORWARDED_ALLOW_IPS", default="127.0.0.1,::1")
