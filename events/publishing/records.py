"""From an outbox entry to a Kafka record: CloudEvents 1.0, binary mode."""

from events.publishing.entry import Entry

SPEC_VERSION = "1.0"
_WHOLE = "2026-01-31T12:00:00.000000"
Headers = list[tuple[str, str | bytes | None]]


def headers_of(entry: Entry) -> Headers:
    """Return the record's headers: the event's attributes, then its own headers."""
    headers: Headers = [
        ("content-type", entry.content_type),
        ("ce_id", entry.ce_id),
        ("ce_type", entry.type),
        ("ce_source", entry.source),
        ("ce_specversion", SPEC_VERSION),
        ("ce_time", time_of(entry.time)),
        ("ce_waybillid", entry.event_id),
    ]
    if entry.subject:
        headers.append(("ce_subject", entry.subject))
    if entry.key is not None:
        headers.append(("ce_partitionkey", entry.key))
    if entry.traceparent:
        headers.append(("traceparent", entry.traceparent))
    if entry.headers:
        headers.extend((name, value) for name, value in entry.headers)
    return headers


def key_of(entry: Entry) -> bytes | None:
    """Return the record's key."""
    return None if entry.key is None else entry.key.encode()


def time_of(text: str) -> str:
    """Return RFC 3339 with microseconds from PostgreSQL's text of a time in UTC."""
    moment = text.removesuffix("+00").replace(" ", "T", 1)
    if "." not in moment:
        return f"{moment}.000000Z"
    return f"{moment}{'0' * (len(_WHOLE) - len(moment))}Z"
