"""The transfer: where a body's bytes come from, and the end of those that nobody wants."""

import logging
import time
from collections.abc import Callable

from rest_framework.request import Request

logger = logging.getLogger(__name__)

# What a refused caller may still send. Beyond, the connection is cut.
UNWANTED_BYTES = 16_777_216
UNWANTED_S = 5.0
PIECE_BYTES = 65_536

Read = Callable[[int], bytes]


def reader_of(request: Request) -> Read:
    """Return what reads the body's next bytes, wherever it comes from.

    Django knows no chunked transfer and would find the body empty; a server that marks its input
    as terminated can be read from directly.
    """
    environ = request.META
    if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
        read: Read = environ["wsgi.input"].read
        return read
    return request.read


def take_in_the_rest(request: Request) -> None:
    """Read what is left of the body, up to 16 MiB or 5 s, and keep nothing of it.

    A server that answers and hangs up while the caller still sends resets the connection: the
    caller would see a broken pipe in place of the answer.
    """
    read = reader_of(request)
    left = UNWANTED_BYTES
    deadline = time.monotonic() + UNWANTED_S
    try:
        while left > 0 and time.monotonic() < deadline and (piece := read(PIECE_BYTES)):
            left -= len(piece)
    except Exception as error:  # noqa: BLE001 - the web server's errors have no common type
        logger.info("a refused body broke off", extra={"error": str(error)})
