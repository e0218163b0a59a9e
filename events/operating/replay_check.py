"""The check of a replay's request: what cannot be meant is refused, with what to do instead."""

import math
from collections.abc import Iterator
from dataclasses import replace

from events.conf import waybill
from events.consuming.subscriptions import subscriptions
from events.errors import ReplayRefused
from events.operating.known_group import check_partition, topics_of
from events.replaying.request import All, Offsets, ReplayRequest, Times

MODES = ("missing", "force")


def checked(request: ReplayRequest) -> ReplayRequest:
    """Return the request with all its topics named, in order; raises ReplayRefused."""
    topics = {
        topic
        for name in request.topics or ("",)
        for topic in topics_of(request.group, topic=name, refusal=ReplayRefused)
    }
    request = replace(request, topics=tuple(sorted(topics)))
    _check_choice(request)
    _check_way(request)
    _check_range(request.range)
    if isinstance(request.range, Offsets):
        _check_partitions(request, request.range)
    return request


def _check_choice(request: ReplayRequest) -> None:
    if request.type is not None and request.key is not None:
        raise ReplayRefused("choose by type or by key, not by both")
    if request.key is not None and len(request.key) > (most := waybill().limits.key_bytes):
        raise ReplayRefused(f"the key has {len(request.key)} bytes: at most {most} are allowed")
    if request.type is None:
        return
    found = subscriptions(request.group)
    handled = sorted({each.type for each in found if each.topic in request.topics})
    if request.type not in handled:
        raise ReplayRefused(
            f"{request.group} handles no {request.type!r} in {', '.join(request.topics)}; "
            f"it does: {', '.join(handled)}"
        )


def _check_way(request: ReplayRequest) -> None:
    if request.mode not in MODES:
        raise ReplayRefused(f"there is no mode {request.mode!r}: it is {' or '.join(MODES)}")
    if request.rate is not None and not (math.isfinite(request.rate) and request.rate > 0):
        raise ReplayRefused("the rate must be more than 0 messages a second; leave it out for all")


def _check_range(range_: All | Offsets | Times) -> None:
    match range_:
        case Times(start=start, before=before):
            if start is not None and before is not None and start >= before:
                raise ReplayRefused(
                    f"nothing lies from {start.isoformat()} on and before {before.isoformat()}"
                )
        case Offsets():
            for low, high in _pairs(range_):
                if min(low or 0, high or 0) < 0:
                    raise ReplayRefused("offsets count from 0")
                if high is not None and high <= (low or 0):
                    raise ReplayRefused(
                        f"nothing lies from offset {low or 0} on and before {high}"
                    )


def _pairs(range_: Offsets) -> Iterator[tuple[int | None, int | None]]:
    yield range_.first, range_.before
    yield from (range_.by_partition or {}).values()


def _check_partitions(request: ReplayRequest, range_: Offsets) -> None:
    named = [*(range_.by_partition or ())]
    if range_.partition is not None:
        if len(request.topics) != 1:
            raise ReplayRefused(
                f"a partition belongs to one topic: name one of {', '.join(request.topics)}"
            )
        named.append((request.topics[0], range_.partition))
    for topic, partition in named:
        if topic not in request.topics:
            raise ReplayRefused(f"offsets of {topic} are given, but it is not among the topics")
        check_partition(request.group, topic=topic, partition=partition, refusal=ReplayRefused)
