"""What can go wrong, by type: the exception's type decides what the runtime does.

WaybillError
├── PublishRefused          publish() stored nothing; the caller did something wrong
│   ├── NotInTransaction    called outside a transaction: event and effect could part ways
│   ├── UnknownTopic        no such topic is declared
│   ├── UnknownEventType    the topic does not carry this event type
│   ├── EventInvalid        a field breaks a rule; `errors` says which, by JSON pointer
│   ├── EventTooLarge       a limit is exceeded; `limit` names it
│   ├── EventIdReused       an event of this source and id is stored already
│   └── BatchRefused        of several that belong together some are refused; `refusals` says which
├── HandlingError           what a handler, or the step before it, says about a message
│   ├── InvalidEvent        can never be handled: dead letter now
│   ├── RetryLater          try again after `delay_s`; counts as an attempt
│   ├── EffectUnknown       the effect began and nobody knows whether it happened
│   ├── EffectPerformed     it happened already, only its mark failed: do not do it again
│   └── EffectLost          the claim is no longer ours: stop, do nothing, count nothing
├── ServiceUnavailable      a service we need is away: wait for it, never the message's fault
├── ActionRefused           an operator action was not allowed; audited all the same
├── OperatingRefused        what an operator asked for cannot be done as asked; nothing was done
│   ├── EditRefused         an edited letter its group could not handle; `problems` says why
│   ├── PauseRefused        there is nothing to pause or to resume so
│   ├── SeekRefused         a group cannot go on there
│   ├── ReplayRefused       a replay that cannot be made, or changed, in that way
│   │   └── ReplayBusy      another process runs it
│   └── ResolveRefused      the consumption is not unknown, or cannot be resolved so
├── KafkaRefused            Kafka refused what was asked of it; the text is Kafka's
│   └── GroupInUse          a member lives: Kafka lets nobody else change the group's offsets
├── NotGranted              the caller has no grant for this; nothing was done
└── Misconfigured           a setting or declaration is wrong; says which and how to mend it
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SHOWN_CHARACTERS = 64  # of a member's name


class WaybillError(Exception):
    """Anything Waybill raises on purpose."""


class PublishRefused(WaybillError):
    """publish() stored nothing; the caller can correct the call."""


class NotInTransaction(PublishRefused):
    """publish() was called outside a database transaction."""


class UnknownTopic(PublishRefused):
    """No topic of this name is declared."""


class UnknownEventType(PublishRefused):
    """The topic is declared, but not with this event type."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldError:
    """One broken rule: where (RFC 6901 JSON pointer) and what to do about it."""

    pointer: str
    detail: str


def pointer_step(name: str) -> str:
    """Return a member's name as a step of a JSON pointer, shortened where it is very long."""
    return name[:_SHOWN_CHARACTERS].replace("~", "~0").replace("/", "~1")


class EventInvalid(PublishRefused):
    """One or more fields break a rule."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.pointer or '/'}: {error.detail}" for error in errors))
        self.errors = tuple(errors)


class EventTooLarge(PublishRefused):
    """A size limit is exceeded."""

    def __init__(self, *, limit: str, allowed: int, actual: int | None = None) -> None:
        found = "" if actual is None else f", this one has {actual}"
        super().__init__(f"{limit} allows {allowed}{found}")
        self.limit = limit
        self.allowed = allowed


class EventIdReused(PublishRefused):
    """An event of this (source, id) is stored already; `pairs` names all such."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        shown = ", ".join(f"{source} / {event_id}" for source, event_id in pairs[:3])
        more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""  # noqa: PLR2004 - as above
        super().__init__(f"already used (source / id): {shown}{more}")
        self.pairs = tuple(pairs)


class BatchRefused(PublishRefused):
    """Several events were to be stored together, and none is; `refusals` has reasons by index."""

    def __init__(self, refusals: Mapping[int, PublishRefused]) -> None:
        super().__init__("; ".join(f"{index}: {each}" for index, each in refusals.items()))
        self.refusals = dict(refusals)


class HandlingError(WaybillError):
    """What a handler, or a step before it, says about a message."""


class InvalidEvent(HandlingError):
    """The message can never be handled: it becomes a dead letter at once."""


class RetryLater(HandlingError):
    """Try the message again after `delay_s` seconds; counts as an attempt."""

    def __init__(self, reason: str = "", *, delay_s: float) -> None:
        super().__init__(reason or f"try again in {delay_s:g} s")
        self.delay_s = delay_s


class EffectUnknown(HandlingError):
    """The external effect began and nobody knows whether it happened: the policy decides."""

    is_repeatable = False  # then it is tried again whatever the policy


class EffectPerformed(HandlingError):
    """The external effect happened in an earlier run of the handler; only its mark failed."""


class EffectLost(HandlingError):
    """The claim on this message passed to another process: the effect must not begin."""


class ServiceUnavailable(WaybillError):
    """PostgreSQL, Kafka, Redis or a service a handler needs is away; wait and try again."""

    def __init__(self, service: str, reason: str = "") -> None:
        super().__init__(f"{service} is unavailable{f': {reason}' if reason else ''}")
        self.service = service


class ActionRefused(WaybillError):
    """The actor may not do this; the refusal is in the audit."""


class OperatingRefused(WaybillError):
    """What an operator asked for cannot be done as asked; nothing was done."""


class EditRefused(OperatingRefused):
    """An edited dead letter could not be handled, or is no longer open; `problems` says why."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class PauseRefused(OperatingRefused):
    """There is nothing to pause, or to resume, in that way."""


class SeekRefused(OperatingRefused):
    """The group cannot go on there."""


class ReplayRefused(OperatingRefused):
    """The replay cannot be made, or is in no state to be changed, in that way."""


class ReplayBusy(ReplayRefused):
    """Another process runs the replay; it ends, or its lease does, before this one can."""


class ResolveRefused(OperatingRefused):
    """The consumption is not unknown, or cannot be resolved in that way."""


class KafkaRefused(WaybillError):
    """Kafka refused what was asked of it; the text is Kafka's."""


class GroupInUse(KafkaRefused):
    """A member of the group lives: only it may change the group's offsets."""


class NotGranted(WaybillError):
    """The caller has no grant for what they asked; `right` and `topic` say for what."""

    def __init__(self, *, right: str, topic: str) -> None:
        super().__init__(f"you have no grant to {right} on topic {topic!r}")
        self.right = right
        self.topic = topic


class Misconfigured(WaybillError):
    """A setting or a declaration is wrong."""
