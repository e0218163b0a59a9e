"""How many events does the API accept a second, one a POST and a hundred, over 16 connections?

`python -m benchmarks.posting` asks the API and, in the same rounds, plain Django views with one
raw INSERT (of one row, of a hundred), all served by gunicorn with config/gunicorn.py. One worker
for single events: the machine has to feed PostgreSQL and the client too. Two for batches, as in
production.
"""

from benchmarks.contest import API, CONNECTIONS, PLAIN, PLAIN_BATCHES, contest
from benchmarks.figure import Figure, against
from benchmarks.load import Load
from benchmarks.stage import run_alone
from local.demo.stage import Stage

BATCH = 100
SINGLE_VIEW = "plain Django view, raw INSERT"
BATCH_VIEW = f"plain Django view, INSERT of {BATCH} rows"


def measure(stage: Stage) -> list[Figure]:
    """Return events/s beside the plain views', and the latencies of all."""
    return [*_single(stage), *_batches(stage)]


def _single(stage: Stage) -> list[Figure]:
    ours, plain = contest(stage, (API, PLAIN), batch=1, workers=1)
    asked = f"POST of one event, {CONNECTIONS} connections"
    return [
        against(
            asked,
            ours=ours.per_second,
            unit="/s",
            peer=plain.per_second,
            peer_name=SINGLE_VIEW,
            target=">= 0.60x",
        ),
        *_latencies(asked, ours, plain, peer_name=SINGLE_VIEW),
        _client(asked, ours),
    ]


def _batches(stage: Stage) -> list[Figure]:
    ours, plain = contest(stage, (API, PLAIN_BATCHES), batch=BATCH, workers=2)
    asked = f"POST of {BATCH} events, {CONNECTIONS} connections"
    return [
        against(
            asked,
            ours=ours.per_second * BATCH,
            unit="events/s",
            peer=plain.per_second * BATCH,
            peer_name=BATCH_VIEW,
            target=">= 15,000/s",
        ),
        *_latencies(asked, ours, plain, peer_name=BATCH_VIEW),
        _client(asked, ours),
    ]


def _latencies(asked: str, ours: Load, plain: Load, *, peer_name: str) -> list[Figure]:
    pairs = {"p50": (ours.p50_s, plain.p50_s), "p99": (ours.p99_s, plain.p99_s)}
    return [
        against(
            f"{asked}: {label}", ours=mine * 1e3, unit="ms", peer=theirs * 1e3, peer_name=peer_name
        )
        for label, (mine, theirs) in pairs.items()
    ]


def _client(asked: str, ours: Load) -> Figure:
    cpu_us = ours.client_cpu_s * 1e6
    return Figure(question=f"{asked}: CPU of the client", ours=cpu_us, unit="us/request")


if __name__ == "__main__":
    run_alone(measure)
