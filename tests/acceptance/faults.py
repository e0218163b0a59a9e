"""The failpoints of one test, and the files in which they prove that they were reached."""

from pathlib import Path

from tests.checker import durable_lines
from tests.waiting import wait_until


class Faults:
    """Failpoints by name; each has one file in the test's directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def marker(self, point: str) -> Path:
        """The file in which a failpoint proves that it was reached."""
        return self.directory / f"{point}.marker"

    def reached(self, point: str) -> int:
        """How often a failpoint acted."""
        return len(durable_lines.read(self.marker(point)))

    def release(self, point: str) -> None:
        """Let go on what waits in a failpoint."""
        self.marker(point).with_suffix(".released").touch()

    def failpoint(self, point: str, action: str) -> str:
        """A failpoint with its marker, as a process takes it; `action` is like `kill@3x5`."""
        return f"{point}={action}:{self.marker(point)}"

    def wait_for_kills(self, point: str, count: int, *, timeout_s: float = 60.0) -> None:
        """Wait until a failpoint has killed so often."""
        wait_until(lambda: self.reached(point) == count, timeout_s=timeout_s)
