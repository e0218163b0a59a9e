"""Who carries out what an operator asked for: living consumers now, or later ones."""

from collections.abc import Iterable, Iterator

from events.auditing.group_standing import living_consumers


def who_runs_them(groups: Iterable[str]) -> Iterator[str]:
    """Yield, for each group, whether its consumers take what was handed back now."""
    for group in groups:
        if living_consumers(group):
            yield f"The consumers of {group} run them now."
        else:
            yield (
                f"No consumer of {group} is running: they wait for one "
                f"(manage.py runconsumer {group})."
            )
