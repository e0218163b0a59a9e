"""A TCP proxy to put between a process and a service; it knows nothing of what it carries."""

from tests.proxy.proxy import Proxy

__all__ = ["Proxy"]
