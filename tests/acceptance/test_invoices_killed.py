"""F16, F21: the consumer that sends invoices is killed before, at and after its effect."""

from functools import partial

from tests.acceptance.ordering import GROUP, is_sent, ordering, pdf_of, place, received
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

CLAIMED, RENDERED, SMTP_OK = "c.claimed", "inv.rendered", "inv.smtp_ok"
SHORT_LEASES = {"lease_s": 2.0, "lease_renew_s": 0.5}
UNKNOWN = "Nobody knows whether an external effect happened"


def test_a_killed_sender_sends_once_and_twice_only_what_is_called_unknown(system: System) -> None:
    api = ordering(system)
    sender = system.mortal_consumer(
        GROUP,
        waybill=SHORT_LEASES,
        failpoints=";".join(
            [
                system.failpoint(CLAIMED, "kill@1"),
                system.failpoint(RENDERED, "kill@1"),
                system.failpoint(SMTP_OK, "kill@2"),  # the life that sends the first mail
            ]
        ),
    )
    sender.start()
    place(system, api, 0)
    wait_until(partial(is_sent, api, 0), timeout_s=30)
    assert [system.reached(point) for point in (CLAIMED, RENDERED, SMTP_OK)] == [1, 1, 0]
    assert len(system.stack.smtp.mails()) == 1
    assert UNKNOWN not in sender.log.text()

    place(system, api, 1)
    wait_until(partial(is_sent, api, 1), timeout_s=30)
    assert system.reached(SMTP_OK) == 1
    assert UNKNOWN in sender.log.text()
    _, first, second = system.stack.smtp.mails()
    assert first.message_id == second.message_id
    assert pdf_of(first) == pdf_of(second)
    assert first.sha256 == second.sha256

    system.wait_until_recovered()
    history = system.history(mails=received(system))
    assert violations(history) == []
    assert sum(row.unknown_count for row in history.consumptions) == 1
