"""A PostgreSQL of its own on a file system of 90 MB, which can be filled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.postgres import Postgres

SIZE_MB = 90
PIECE = b"\0" * 65_536


class SmallDisk:
    """Where the server's data lies."""

    def __init__(self, directory: Path) -> None:
        self._ballast = directory / "ballast"

    def fill(self) -> None:
        """Leave not a byte."""
        with self._ballast.open("wb", buffering=0) as file:
            for piece in (PIECE, b"\0"):
                try:
                    while file.write(piece):
                        pass
                except OSError:
                    continue

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink()


@contextmanager
def postgres_on_a_small_disk(directory: Path) -> Iterator[tuple[Postgres, SmallDisk]]:
    """Mount the file system and start the server; needs root."""
    directory.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "waybill-test", str(directory))
    postgres = Postgres(directory / "postgres")
    try:
        postgres.start()
        postgres.wait_ready(60)
        yield postgres, SmallDisk(directory)
    finally:
        postgres.stop(immediate=True)
        postgres.release()
        _run("umount", "-l", str(directory))


def may_mount() -> bool:
    """Whether this process is one that may."""
    return os.geteuid() == 0


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    assert found is not None, f"there is no {program}"
    subprocess.run([found, *arguments], check=True)  # noqa: S603 - words of ours
