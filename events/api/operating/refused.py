"""Refused: what operators are told where the services say no."""

from events import errors
from events.api import problem_kinds as kinds
from events.api.problem_kind import ProblemKind, declare_problem
from events.api.problems import Problem, problem_of, sentence
from events.errors import FieldError

PAUSE_REFUSED = declare_problem(
    ProblemKind(
        code="pause-refused",
        status=409,
        title="This cannot be paused or resumed so",
        meaning="It stands still like that already, or does not any more; or nothing is there.",
        remedy="Read what is in force, `GET /api/v1/pauses`, and do what the detail says.",
    )
)
SEEK_REFUSED = declare_problem(
    ProblemKind(
        code="seek-refused",
        status=409,
        title="The group cannot go on there",
        meaning="The topic or the partition is not on Kafka, or Kafka itself refuses.",
        remedy="Do what the detail says; `dry_run` shows what would happen to each partition.",
    )
)
LETTER_NOT_OPEN = declare_problem(
    ProblemKind(
        code="letter-not-open",
        status=409,
        title="The dead letter is not open",
        meaning=(
            "It is on its way, done with, or waits in order behind its closed key. Letters are "
            "dealt with once."
        ),
        remedy="Read the letter: its state and result say what became of it.",
    )
)
REDRIVE_REFUSED = declare_problem(
    ProblemKind(
        code="redrive-refused",
        status=409,
        title="The group cannot take the dead letter",
        meaning="No handler of the group subscribes to the letter's topic any more.",
        remedy="Deploy a handler that does, or discard the letter.",
    )
)
EDIT_REFUSED = declare_problem(
    ProblemKind(
        code="edit-refused",
        status=422,
        title="The edited message could not be handled",
        meaning=(
            "It cannot be decoded, breaks its type's schema, is too large, or would be another "
            "effect: its dedupe key would change. `errors` lists what is wrong."
        ),
        remedy="Correct each of the errors; `dry_run` shows what an edit would be.",
    )
)
NOT_UNKNOWN = declare_problem(
    ProblemKind(
        code="not-unknown",
        status=409,
        title="The outcome is not unknown",
        meaning="Only an effect of which nobody knows whether it happened can be resolved.",
        remedy="Read the consumption: its outcome says how it stands.",
    )
)
RESOLVE_REFUSED = declare_problem(
    ProblemKind(
        code="resolve-refused",
        status=409,
        title="The consumption cannot be resolved so",
        meaning="Nobody could do its effect once more.",
        remedy="Do what the detail says.",
    )
)
REPLAY_REFUSED = declare_problem(
    ProblemKind(
        code="replay-refused",
        status=409,
        title="The replay cannot be made or changed so",
        meaning=(
            "What it should read is not there, or it is in no state to be paused, resumed or "
            "stopped."
        ),
        remedy="Read the replay, its state says how it stands; else do what the detail says.",
    )
)


def letter_refused(kind: ProblemKind, why: str) -> Problem:
    """Return the problem for one letter that was left, with the service's reason."""
    _, _, reason = why.partition(": ")
    return Problem(kind, f"This letter {reason}." if reason else sentence(why))


@problem_of.register
def _pause_refused(error: errors.PauseRefused) -> Problem:
    return Problem(PAUSE_REFUSED, sentence(error))


@problem_of.register
def _seek_refused(error: errors.SeekRefused) -> Problem:
    return Problem(SEEK_REFUSED, sentence(error))


@problem_of.register
def _kafka_refused(error: errors.KafkaRefused) -> Problem:
    # Kafka's own text may name hosts; it is for the log.
    return Problem(SEEK_REFUSED, "Kafka refuses to have the group's offsets looked at or changed.")


@problem_of.register
def _edit_refused(error: errors.EditRefused) -> Problem:
    wrong = [FieldError(pointer="", detail=each) for each in error.problems]
    return Problem(EDIT_REFUSED, "Nothing was done: the edit is refused.", errors=wrong)


@problem_of.register
def _resolve_refused(error: errors.ResolveRefused) -> Problem:
    return Problem(RESOLVE_REFUSED, sentence(error))


@problem_of.register
def _replay_refused(error: errors.ReplayRefused) -> Problem:
    return Problem(REPLAY_REFUSED, sentence(error))


@problem_of.register
def _action_refused(error: errors.ActionRefused) -> Problem:
    return Problem(kinds.FORBIDDEN, sentence(error))
