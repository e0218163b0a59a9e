"""Publisher: who publishes by a request, as it is kept with the events."""

from rest_framework.request import Request

from events.api.idempotency_key import idempotency_key_of
from events.api.request_id import request_id_of
from events.publishing.new_event import Publisher


def publisher_of(request: Request) -> Publisher:
    """Return who publishes by this request; it needs an authenticated user.

    Raises Problem 400 for an Idempotency-Key that is none.
    """
    return Publisher(
        name=request.user.get_username(),
        request_id=request_id_of(request),
        idempotency_key=idempotency_key_of(request),
    )
