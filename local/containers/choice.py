"""What the environment's SERVICES asks for."""

from __future__ import annotations

from collections.abc import Mapping

from local.errors import NoSuchServices

VARIABLE = "SERVICES"


def containers_wanted(environ: Mapping[str, str]) -> bool:
    """True for SERVICES=containers, False where it is not set. Raises NoSuchServices."""
    value = environ.get(VARIABLE, "").strip()
    if value not in {"", "containers"}:
        raise NoSuchServices(
            f"{VARIABLE}={value!r} is unknown: it is 'containers', or not set for services from "
            "Python wheels"
        )
    return bool(value)
