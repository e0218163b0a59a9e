"""The demo's secrets: made once, and for the owner's eyes only."""

import os
import stat
from pathlib import Path

from local.demo.processes import environment_of
from local.demo.state import State, write_secret


def test_a_secret_is_readable_by_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_secret(tmp_path / "new" / "secret", "first")
        write_secret(tmp_path / "new" / "secret", "second")
    finally:
        os.umask(before)

    assert (tmp_path / "new" / "secret").read_text() == "second"
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["secret"]


def test_the_secret_key_stays_from_run_to_run_and_differs_between_directories(
    tmp_path: Path,
) -> None:
    first = State(directory=tmp_path / "one").secret_key()

    assert len(first) >= 50
    assert State(directory=tmp_path / "one").secret_key() == first
    assert State(directory=tmp_path / "two").secret_key() != first


def test_the_processes_get_the_services_and_nothing_of_another_projects_settings(
    tmp_path: Path,
) -> None:
    environment = environment_of(
        {
            "DJANGO_SETTINGS_MODULE": "other.settings",
            "DEBUG": "*",
            "DATABASE_URL": "",
            "KAFKA_CONSUMER_SESSION_TIMEOUT_MS": "10000",
        },
        {"DATABASE_URL": "postgres://here"},
        state=State(directory=tmp_path),
    )

    assert environment["DJANGO_SETTINGS_MODULE"] == "config.settings"
    assert environment["DEBUG"] == "false"
    assert environment["DATABASE_URL"] == "postgres://here"
    assert environment["KAFKA_CONSUMER_SESSION_TIMEOUT_MS"] == "10000"
