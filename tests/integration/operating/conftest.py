"""The relays and raw reads of the publishing tests: what operators hand back is to flow again."""

from tests.integration.publishing.conftest import make_relay, read_topic

__all__ = ["make_relay", "read_topic"]
