"""Operating: what people do to a group with the commands, as a test does it."""

from local.processes import ManagedProcess
from tests.acceptance.system import System

WITHIN_S = 60.0


def operate(system: System, *words: str, code: int = 0) -> str:
    """Run a command that gives its reason, to its end; return what it said."""
    command = begin(system, *words)
    assert command.wait_exit(WITHIN_S) == code, command.log.tail()
    return command.log.text()


def begin(system: System, *words: str) -> ManagedProcess:
    """Start a command that gives its reason."""
    name = f"{words[0]}-{len(system.processes)}"
    command = system.command(name, *words, "--reason", "for the test", "--by", "tester")
    command.start()
    return command


def in_state(system: System, state: str) -> int:
    """How many letters of the group are in this state."""
    with system.database() as database:
        query = b'SELECT count(*) FROM events_deadletter WHERE "group" = %s AND state = %s'
        [(count,)] = database.execute(query, [system.group, state]).fetchall()
    return int(count)


def closed_keys(system: System) -> int:
    """How many keys of all groups are closed."""
    return int(system.value("SELECT count(*) FROM events_closedkey"))
