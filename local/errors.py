"""What can go wrong with a local service or process.

LocalError
├── ServiceFailed    a service or process did not do what was asked; quotes its log
├── DirectoryInUse   another living stack works in the directory
├── NoSuchServices   SERVICES asks for what is unknown, or cannot be had on this machine
└── GuardGone        the guard process ended; nothing more can be started through it
"""


class LocalError(Exception):
    """Anything that this package refuses or fails to do."""


class ServiceFailed(LocalError):
    """A service or process did not do what was asked. The message quotes its log's last lines."""


class DirectoryInUse(LocalError):
    """Another living stack works in this directory."""


class NoSuchServices(LocalError):
    """SERVICES asks for what is unknown, or cannot be had on this machine."""


class GuardGone(LocalError):
    """The guard process ended; nothing more can be started through it."""
