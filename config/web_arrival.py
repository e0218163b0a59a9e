"""Arrival: whether a whole request lies in a socket, seen without taking a byte of it.

A thread that began to read would have to wait for the rest. Outside of the threads the kernel
waits, for as many bytes as are still needed (SO_RCVLOWAT; TCP only: of a request by a Unix socket
a thread reads as before).
"""

import re
import socket

# Heads beyond this are refused by the web server; it may see to it itself.
HEAD_BYTES = 16_384
# Whole requests up to this size are waited for; of larger ones the head.
WHOLE_BYTES = 49_152
_LOOK = socket.MSG_PEEK | socket.MSG_DONTWAIT
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:", re.IGNORECASE)


def needed_bytes(connection: socket.socket) -> int:
    """Return how many bytes have to lie in the socket before it is worth to look again; 0: none.

    0 is also the answer where nothing more will come, and where the caller waits for a word
    (`Expect: 100-continue`) or does not say how much there is.
    """
    try:
        seen = socket.socket.recv(connection, WHOLE_BYTES, _LOOK)
    except BlockingIOError:
        return 1
    except OSError:
        return 0
    end = seen.find(_END)
    if end < 0:
        return len(seen) + 1 if 0 < len(seen) < HEAD_BYTES else 0
    head = seen[: end + len(_END)]
    length = _LENGTH.search(head)
    if length is None or _EXPECTS.search(head):
        return 0
    whole = len(head) + int(length[1])
    return whole if len(seen) < whole <= WHOLE_BYTES else 0
