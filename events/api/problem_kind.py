"""Problem kind: one way in which the API refuses, and the page that explains it."""

from collections.abc import Iterator
from dataclasses import dataclass

from events.errors import Misconfigured


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemKind:
    """One kind of refusal: `code` never changes; `meaning` and `remedy` are for people."""

    code: str
    status: int
    title: str
    meaning: str
    remedy: str

    @property
    def type(self) -> str:
        """The address of its page."""
        return f"/problems/{self.code}"


_kinds: dict[str, ProblemKind] = {}


def declare_problem(kind: ProblemKind) -> ProblemKind:
    """Give the kind its page; raises Misconfigured if its code is taken by another."""
    if _kinds.setdefault(kind.code, kind) != kind:
        raise Misconfigured(f"problem {kind.code!r} is declared twice, differently")
    return kind


def problem_kind(code: str) -> ProblemKind | None:
    """Return the kind with this code, if there is one."""
    return _kinds.get(code)


def problem_kinds() -> Iterator[ProblemKind]:
    """Yield every kind, by status and code."""
    yield from sorted(_kinds.values(), key=lambda kind: (kind.status, kind.code))
