"""What problems tell, without what differs from request to request."""

from typing import Any


def told(answer: Any, *names: str) -> dict[str, Any]:
    """The problem, without its request's id and address; `names` the caller said are blanked."""
    found: dict[str, Any] = answer.json()
    del found["request_id"], found["instance"]
    for name in names:
        found["detail"] = found["detail"].replace(name, "…")
    return found
