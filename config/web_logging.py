"""The web server's own lines, in the project's one format: what is served, and its life."""

from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]


class WebLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Hands everything to the root logger; one line for each request, without its query."""

    def setup(self, cfg: Any) -> None:
        """Take gunicorn's levels, not its handlers."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True

    def access(self, resp: Any, req: Any, environ: Any, request_time: timedelta) -> None:
        """Log one request; the request id is bound while this runs."""
        if not self.access_log_enabled:
            return
        self.access_log.info(
            "request",
            extra={
                "method": environ["REQUEST_METHOD"],
                "path": environ["PATH_INFO"],
                "status": int(str(resp.status).split(maxsplit=1)[0]),
                "bytes": resp.sent,
                "duration_s": round(request_time.total_seconds(), 6),
                "remote": environ.get("REMOTE_ADDR", ""),
            },
        )
