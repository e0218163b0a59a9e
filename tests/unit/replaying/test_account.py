"""The account: its report names the gaps that count, however many small ones there are."""

from uuid import UUID

from events.replaying.account import GAPS, Account
from events.replaying.archive import Known

HERE, THERE = ("topic", 0), ("topic", 1)


def test_a_large_gap_is_named_though_there_are_many_small_ones_before() -> None:
    account = Account(replay=UUID(int=1), token=UUID(int=2))
    for offset in range(0, 2 * (GAPS + 5), 2):
        account.miss(HERE, offset, offset + 1, known=Known(0, []))
    account.miss(THERE, 0, 40, known=Known(1, ["lost"]))
    account.miss(THERE, 40, 50, known=Known(1, ["too"]))

    assert account.are_gaps_cut
    assert len(account.gaps) == GAPS
    last = account.gaps[-1]
    assert (last["from"], last["to"], last["events"]) == (0, 50, ["lost", "too"])
    assert account.counters["absent"] == GAPS + 55
