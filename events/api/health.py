"""Health for those who start and route: alive, and able to serve."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events.api.readiness import Readiness

_readiness = Readiness()


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Say that the process answers; nothing else is asked."""
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the database is reachable and migrated.

    A relay or a broker that is away is no reason to take the API out of rotation.
    """
    trouble = _readiness.trouble()
    if trouble:
        return HttpResponse(f"not ready: {trouble}\n", content_type="text/plain", status=503)
    return HttpResponse("ready\n", content_type="text/plain")
