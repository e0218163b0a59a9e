"""F50: a mail server so slow that one mail takes longer than the group waits for a poll."""

from functools import partial
from urllib.parse import quote

from tests.acceptance.group_members import members
from tests.acceptance.ordering import GROUP, is_sent, ordering, place, received
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.proxy import Proxy
from tests.waiting import wait_until

# Six answers make a mail: five before its content, where the effect has not begun yet.
ANSWER_S = 2.0
MAX_POLL_S = 6.0
IDLE_IN_TRANSACTION_S = 5


def test_a_slow_mail_server_costs_neither_membership_nor_a_second_mail(system: System) -> None:
    api = ordering(system)
    with Proxy("127.0.0.1", system.stack.smtp.port) as proxy:
        sender = system.consumer(
            group=GROUP,
            variables={
                "EMAIL_URL": f"smtp://127.0.0.1:{proxy.port}",
                "KAFKA_CONSUMER_MAX_POLL_INTERVAL_MS": f"{MAX_POLL_S * 1000:.0f}",
                "DATABASE_URL": impatient(system.database_url),
            },
        )
        sender.start()
        wait_until(lambda: members(system, GROUP), timeout_s=30, every_s=0.5)
        before = members(system, GROUP)
        proxy.delay(ANSWER_S, "to_client")
        place(system, api, 0)
        wait_until(lambda: proxy.counts.delayed, timeout_s=15)
        place(system, api, 1)
        wait_until(partial(is_sent, api, 0), timeout_s=40)
        assert proxy.counts.delayed >= 6
        proxy.pass_on()
        wait_until(partial(is_sent, api, 1), timeout_s=40)
        assert members(system, GROUP) == before
    system.wait_until_recovered()
    history = system.history(mails=received(system))
    assert violations(history) == []
    assert len(history.mails) == 2
    assert history.attempts == ()
    assert "gave our partitions away" not in sender.log.text()


def impatient(database_url: str) -> str:
    """Shorten what a session may stay idle in a transaction, as all times are here."""
    options = f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_S}s"
    return f"{database_url}?options={quote(options)}"
