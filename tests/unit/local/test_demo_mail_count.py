"""Counting mails: only what is new is read, only the newest files are kept."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.demo.living.mail_count import MailCount, Rate
from local.mail import MailJournal


@pytest.fixture
def journal(tmp_path: Path) -> MailJournal:
    return MailJournal(tmp_path)


def _arrive(journal: MailJournal, number: int, *, to: str = "somebody@example.org") -> None:
    for _ in range(number):
        journal.append(
            content=b"Subject: x\n\nx", sender="shop@x.org", recipients=[to], at=datetime.now(UTC)
        )


def test_the_total_follows_the_journal_and_tells_those_to_one_address(
    journal: MailJournal,
) -> None:
    count = MailCount(journal, by_hand="me@example.org")
    assert count.read().total == 0
    _arrive(journal, 3)
    assert (count.read().total, count.read().by_hand) == (3, 0)
    _arrive(journal, 1, to="me@example.org")
    assert (count.read().total, count.read().by_hand) == (4, 1)


def test_a_line_that_is_half_written_is_counted_when_it_is_whole(
    journal: MailJournal, tmp_path: Path
) -> None:
    _arrive(journal, 2)
    file = tmp_path / "journal.jsonl"
    whole = file.read_bytes()
    count = MailCount(journal, by_hand="")
    file.write_bytes(whole[:-10])
    assert count.read().total == 1
    file.write_bytes(whole)
    assert count.read().total == 2


def test_only_the_newest_files_are_kept_and_every_line(
    journal: MailJournal, tmp_path: Path
) -> None:
    _arrive(journal, 5)
    count = MailCount(journal, by_hand="", kept=3)
    count.read()
    assert [mail.file.exists() for mail in journal.mails()] == [False, False, True, True, True]
    _arrive(journal, 1)
    count.read()
    assert len(list(tmp_path.glob("*.eml"))) == 3
    assert MailCount(journal, by_hand="", kept=3).read().total == 6


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    rate = Rate()

    assert rate.per_s(1_000, now=100.0) == 0.0
    assert rate.per_s(1_010, now=105.0) == 2.0
    assert rate.per_s(1_020, now=110.0) == 2.0
    assert rate.per_s(1_020, now=115.0) == 1.0
    assert rate.per_s(1_020, now=120.0) == 0.0
