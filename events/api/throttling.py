"""Throttling: how much each caller may do in a while, told in every answer's RateLimit fields."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.core.signals import setting_changed
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from events.api import problem_kinds as kinds
from events.api.allowances import Allowances
from events.api.problems import Problem
from events.api.quotas import Quotas, Taken
from events.conf import waybill
from events.rate import Rate

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which loads this module for its own defaults

READ, PUBLISH = "read", "publish"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CallerThrottle(BaseThrottle):
    """Takes one unit of the caller for each request; raises Problem 429 if there is none left.

    The scope of what only reads is `read`; of the rest, the view's `throttle_scope`, by default
    `publish`.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Return True, with the RateLimit fields set for the answer."""
        scope = _scope(request, view)
        rate = waybill().throttle(scope)
        if rate is not None:
            _take(request, view, scope=scope, rate=rate, units=1)
        return True


def charge(request: Request, view: APIView, *, units: int) -> None:
    """Take `units` more of the caller; raises Problem: 429, 413 for more than there ever is.

    For a request that turns out to hold several events: each counts, and one was taken when the
    request came in.
    """
    scope = _scope(request, view)
    rate = waybill().throttle(scope)
    if rate is None or units < 1:
        return
    if units >= rate.units:
        most = f"{rate.units} events in {rate.window_s} s"
        raise Problem(kinds.TOO_LARGE, f"You may send at most {most}: send fewer at once.")
    _take(request, view, scope=scope, rate=rate, units=units)


def _take(request: Request, view: APIView, *, scope: str, rate: Rate, units: int) -> None:
    taken = _allowances().take(f"throttle:{scope}:{request.user.pk}", units=units, rate=rate)
    view.headers |= _fields(scope, rate, taken)
    if taken is not None and not taken.is_allowed:
        raise _too_many(scope, rate, taken)


def _scope(request: Request, view: APIView) -> str:
    if request.method in _SAFE:
        return READ
    scope: str = getattr(view, "throttle_scope", PUBLISH)
    return scope


def _fields(scope: str, rate: Rate, taken: Taken | None) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers; what nobody counted is not told."""
    fields = {"RateLimit-Policy": f'"{scope}";q={rate.units};w={rate.window_s}'}
    if taken is not None:
        fields["RateLimit"] = f'"{scope}";r={taken.remaining};t={taken.reset_s}'
    return fields


def _too_many(scope: str, rate: Rate, taken: Taken) -> Problem:
    again_s = max(1, taken.retry_after_s)
    return Problem(
        kinds.TOO_MANY_REQUESTS,
        f"You may {scope} {rate.units} times in {rate.window_s} s; try again in {again_s} s.",
        headers={"Retry-After": str(again_s)},
    )


@cache
def _allowances() -> Allowances:
    configured = waybill()
    return Allowances(Quotas(alias=configured.throttle_cache, retry_s=configured.throttle_retry_s))


def _forget(*, setting: str, **_: object) -> None:
    if setting in {"WAYBILL", "CACHES"}:
        _allowances.cache_clear()


setting_changed.connect(_forget, dispatch_uid="events.api.throttling")
