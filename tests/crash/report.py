"""Report: the verdict as tables for people."""

from local.demo.screen import Screen
from tests.crash.plan import FLUSH, FREEZE, KILL, RESTART
from tests.crash.verdict import Recovery, Verdict, faults_by_target, recovery

KINDS = (KILL, FREEZE, RESTART, FLUSH)


def show(verdict: Verdict, screen: Screen) -> None:
    """Print what was harmed, what came of it, and the verdict."""
    screen.line()
    screen.line("What was harmed, and after how many seconds it was back:")
    screen.table(["", *KINDS, "p50", "p99", "max"], _targets(verdict))
    screen.line()
    screen.table(["", "figure"], _figures(verdict))
    screen.line()
    for problem in _problems(verdict):
        screen.line(problem, style="red")
    word, style = ("Clean", "bold green") if verdict.is_clean else ("NOT CLEAN", "bold red")
    interrupted = " (interrupted)" if verdict.run.is_interrupted else ""
    screen.line(
        f"{word}{interrupted}: {verdict.kills} kills, seed {verdict.run.seed}", style=style
    )


def _targets(verdict: Verdict) -> list[list[str]]:
    rows = []
    for target, counts in faults_by_target(verdict.run.faults).items():
        backs = [
            each.back_after_s
            for each in verdict.run.faults
            if each.target == target and each.back_after_s is not None
        ]
        numbers = [str(counts.get(kind, "")) for kind in KINDS]
        rows.append([target, *numbers, *_ranks(recovery(backs))])
    return rows


def _figures(verdict: Verdict) -> list[list[str]]:
    run = verdict.run
    explained = sum(each.is_explained for each in verdict.mails_doubled)
    backs = [each.back_after_s for each in run.faults if each.back_after_s is not None]
    drained = recovery(run.drained_after_s)
    figures: dict[str, object] = {
        "seed": run.seed,
        "duration": f"{run.duration_s:.0f} s",
        "kills": verdict.kills,
        "events accepted": f"{run.load.events} ({verdict.achieved_events_per_s:.0f}/s)",
        "orders accepted": run.load.orders,
        "lost": verdict.lost + len(verdict.orders_without_mail),
        "doubled database effects": verdict.doubled_effects,
        "mails": verdict.mails,
        "mails doubled, explained by an unknown outcome": explained,
        "mails doubled, unexplained": len(verdict.mails_doubled) - explained,
        "order violations": verdict.order_violations,
        "audit lies": verdict.audit_lies,
        "dead letters": sum(verdict.dead_letters.values()),
        "unknown outcomes": verdict.unknown_outcomes,
        "the harmed is back: p50 / p99 / max": " / ".join(_ranks(recovery(backs))) + " s",
        "all is drained: p50 / p99 / max": " / ".join(_ranks(drained)) + " s",
    }
    return [[name, str(value)] for name, value in figures.items()]


def _ranks(found: Recovery | None) -> list[str]:
    if found is None:
        return ["", "", ""]
    return [f"{each:.1f}" for each in (found.p50_s, found.p99_s, found.max_s)]


def _problems(verdict: Verdict) -> list[str]:
    return [
        *map(str, verdict.violations),
        *(f"orders without a mail: {each}" for each in verdict.orders_without_mail),
        *(f"dead letters ({n}): {reason}" for reason, n in verdict.dead_letters.items()),
        *(f"refused for good: {each}" for each in verdict.run.load.refused),
        *verdict.troubles,
    ]
