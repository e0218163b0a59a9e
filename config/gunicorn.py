"""How the API is served: `gunicorn -c config/gunicorn.py config.wsgi`."""

import os
from pathlib import Path

import environ

from config.logs import logging_config
from config.web_bounds import web_bounds

env = environ.Env()
environ.Env.read_env(Path(__file__).resolve().parent.parent / ".env")

# The master logs before any worker has read Django's settings.
logging_config(
    level=env.str("LOG_LEVEL", default="INFO"), as_json=env.bool("LOG_JSON", default=False)
)
logger_class = "config.web_logging.WebLogger"
accesslog = "-" if env.bool("WEB_ACCESS_LOG", default=True) else None

bind = env.str("WEB_BIND", default="127.0.0.1:8000")
# A request waits for PostgreSQL most of its time: threads share a process, and its pool has a
# connection for each (settings.py reads the same WEB_THREADS). More threads than connections would
# only queue inside instead of at the socket.
worker_class = "config.web_worker.WebWorker"
workers = env.int("WEB_WORKERS", default=2)
threads = web_bounds().threads
# Nothing connects or starts a thread at import, so `--preload` is safe. It is not the default:
# a SIGHUP could not load new code then.
preload_app = False

# No limit on a request: the worker's main thread beats while the others work. It replaces a worker
# that is stuck as a whole. What bounds a request:
#   10 s, and a second per 64 kB, for its arrival, then it is cut off (WEB_REQUEST_TIMEOUT);
#    5 s for a connection of the pool, then 503 (settings.py);
#   10 s for a statement, by PostgreSQL (WEB_STATEMENT_TIMEOUT), and 2 s more for PostgreSQL to say
#        anything at all, then 503: a frozen server holds no thread for longer (web_connection.py).
# A request of up to 48 kB gets a thread when it has arrived as a whole (web_worker.py), so callers
# that trickle stop nobody. With a larger body, or a chunked one, a caller holds a thread for those
# 10 s: against many such strangers a proxy that buffers whole requests has to stand in front.
timeout = 30
# SIGTERM: connections are refused at once, what was accepted is answered, and the process ends, at
# the latest after this time. Longer than what bounds a request together; shorter than what the
# supervisor grants (Kubernetes: 30 s by default).
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
