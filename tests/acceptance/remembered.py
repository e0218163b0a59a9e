"""Remembered: what Redis says of a key that is done, as documented."""

from tests.checker.history import EventName, History


def remembered(history: History, *, group: str, name: EventName) -> bytes:
    """Return the value of the key that this event did: group, event and a hash of its value."""
    [digest] = {each.value_sha256 for each in history.records if each.name == name}
    assert digest is not None
    return f"{group}|{name}#{digest[:16]}".encode()
