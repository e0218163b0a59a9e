"""A broker with a second door: clients that come by it are sent on through a proxy of ours."""

from local.kafka import Kafka
from tests.proxy import Proxy


class KafkaWithDoor(Kafka):
    """The local broker with one more listener, for clients that are to meet bad networks.

    A Kafka client goes where the broker tells it to: whoever asks at the door is told the address
    of the proxy, so nothing of it passes by. Containers have no door.
    """

    _door: Proxy | None = None

    @property
    def door(self) -> Proxy:
        """The proxy; enter it once, for as long as clients come through it."""
        if self._door is None:
            self._door = Proxy("127.0.0.1", self._lease("door_port"))
        return self._door

    def _properties(self) -> str:
        listener = f"PLAINTEXT://127.0.0.1:{self.port}"
        controller = f"CONTROLLER://127.0.0.1:{self._lease('controller_port')}"
        settings = {
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,DOOR:PLAINTEXT,"
            "CONTROLLER:PLAINTEXT",
            "listeners": f"{listener},DOOR://127.0.0.1:{self._lease('door_port')},{controller}",
            "advertised.listeners": f"{listener},DOOR://127.0.0.1:{self.door.port}",
        }
        # Of a setting that stands there twice the last one counts.
        own = "".join(f"{name}={value}\n" for name, value in settings.items())
        return super()._properties() + own
