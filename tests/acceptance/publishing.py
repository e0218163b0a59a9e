"""Publishing: clients of the API that publish without pause, each with keys of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.acceptance.api_client import ApiClient, PublishingClient
from tests.acceptance.system import System


@contextmanager
def publishing(
    system: System, *, clients: int, every_s: float = 0.0
) -> Iterator[list[PublishingClient]]:
    """Have so many clients publish to the running API until the block is left."""
    ApiClient(system.web_port, token=system.token).wait_until_ready()
    started = [
        PublishingClient(
            ApiClient(system.web_port, token=system.token),
            topic=system.topic,
            name=f"client-{number}",
            journal=system.journal,
            every_s=every_s,
        )
        for number in range(clients)
    ]
    for client in started:
        client.start()
    try:
        yield started
    finally:
        for client in started:
            client.stop()
