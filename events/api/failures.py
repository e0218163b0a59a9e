"""Failures outside of the views: Django's own 400, 403, 404 and 500, as problems under /api."""

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from events.api import problem_kinds as kinds
from events.api.problems import Problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django refuses before a view is called (handler400)."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    return Problem(kinds.BAD_REQUEST, "The request was refused.").response(request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a refusal outside of the API's views (handler403)."""
    if not _is_api(request):
        return defaults.permission_denied(request, exception)
    return Problem(kinds.FORBIDDEN, "You may not do this.").response(request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an unknown address (handler404)."""
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    return Problem(kinds.NOT_FOUND, "There is nothing at this address.").response(request)


def internal_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody foresaw, telling nothing but the request id (handler500)."""
    if not _is_api(request):
        return defaults.server_error(request)
    detail = "The fault is ours. Our log has it under this request id."
    return Problem(kinds.INTERNAL_ERROR, detail).response(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info == "/api" or request.path_info.startswith("/api/")
