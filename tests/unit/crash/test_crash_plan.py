"""Chance: the same seed wants the same, whoever is busy is left alone."""

from itertools import islice

from tests.crash.plan import CHOICES, KILL, Chance, Choice, Draw, Plan


def draws(seed: int, *, count: int = 50) -> list[Draw | None]:
    chance = Chance(Plan(kills=1, seed=seed))
    return [chance.next(lambda _: True) for _ in range(count)]


def test_the_same_seed_draws_the_same() -> None:
    assert draws(7) == draws(7)
    assert draws(7) != draws(8)


def test_who_is_busy_is_not_drawn() -> None:
    chance = Chance(Plan(kills=1, seed=1))
    drawn = islice(iter(lambda: chance.next(lambda choice: choice.target == "smtp"), None), 20)
    assert {each.choice.target for each in drawn} == {"smtp"}


def test_nothing_is_drawn_while_everybody_is_busy() -> None:
    assert Chance(Plan(kills=1, seed=1)).next(lambda _: False) is None


def test_the_table_has_every_process_killed() -> None:
    killed = {each.target for each in CHOICES if each.kind == KILL}
    processes = {f"{name} {n}" for name in ("relay", "consumer", "invoices") for n in (1, 2)}
    services = {"kafka", "postgres", "valkey", "smtp"}
    assert killed == processes | services | {"web", "web master", "web worker"}


def test_times_are_drawn_between_their_bounds() -> None:
    plan = Plan(
        kills=1,
        seed=1,
        choices=(Choice(target="kafka", kind="freeze", weight=1),),
        freeze_s=(2.0, 3.0),
        pause_s=(0.1, 0.2),
    )
    draw = Chance(plan).next(lambda _: True)
    assert draw is not None
    assert 2.0 <= draw.lasts_s <= 3.0
    assert 0.1 <= draw.pause_s <= 0.2
