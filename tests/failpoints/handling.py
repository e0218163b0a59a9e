"""Handling: what the tests' handler is and does to which events, told in a variable."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from events.retry import RetryPolicy

VARIABLE = "ACCEPTANCE_HANDLING"


@dataclass(frozen=True, kw_only=True, slots=True)
class Handling:
    """The handler of one test.

    kind: takes one event, or several ("batch"), or has an effect outside ("external").
    options: of its subscription, as `subscribe` takes them; `retry` has a policy's fields.
    takes_s: how long it works on each event, in seconds.
    slow, slow_effect: by event id, how many seconds more it takes before its effect, or in it.
    fails: by event id, in how many attempts it raises.
    aborts: the ids of events that end the process.
    """

    kind: Literal["one", "batch", "external"] = "one"
    options: Mapping[str, Any] = field(default_factory=dict)
    retry: Mapping[str, Any] | None = None
    takes_s: float = 0.0
    slow: Mapping[str, float] = field(default_factory=dict)
    slow_effect: Mapping[str, float] = field(default_factory=dict)
    fails: Mapping[str, int] = field(default_factory=dict)
    aborts: tuple[str, ...] = ()

    @classmethod
    def of_this_process(cls) -> Self:
        """Return what the environment says; without it a plain handler."""
        return cls(**json.loads(os.environ.get(VARIABLE, "{}")))

    def variables(self) -> dict[str, str]:
        """Return the environment of the processes that shall handle so."""
        return {VARIABLE: json.dumps(asdict(self))}

    def subscription(self) -> dict[str, Any]:
        """Return the options for `subscribe`."""
        retry = None if self.retry is None else RetryPolicy(**self.retry)
        effect = "external" if self.kind == "external" else "database"
        return {
            **self.options,
            "effect": effect,
            "batch": self.kind == "batch",
            "retry": retry,
        }
