"""ContainerPlan: the image of a service, pinned here, and how a container of it is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# The same versions as those of the wheels.
POSTGRES_IMAGE = "postgres:18.4"
KAFKA_IMAGE = "apache/kafka:4.3.1"
VALKEY_IMAGE = "valkey/valkey:9.1.2"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerPlan:
    """`port` is where it listens inside; `data` the directory inside that holds all it keeps."""

    image: str
    port: int
    data: str
    environment: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()
