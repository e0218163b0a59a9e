"""Plans: whether PostgreSQL answers a question by an index, and from how little of the tables."""

import json
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any, NamedTuple

from django.db import connection


class Cost(NamedTuple):
    """What a question really took: blocks of 8 kB, and the most rows that one step looked at."""

    blocks: int
    rows: float


def cost(query: str, *, may_scan: Collection[str] = ()) -> Cost:
    """Run the query and return its cost; no table but those of `may_scan` is read as a whole.

    Nor is any index that is asked for a value.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}")
        told = cursor.fetchone()[0]
    [answer] = json.loads(told) if isinstance(told, str) else told
    plan = answer["Plan"]
    scanned = {node["Relation Name"] for node in _nodes(plan) if node["Node Type"] == "Seq Scan"}
    assert scanned <= set(may_scan), (scanned, query)
    for node in _nodes(plan):
        if "Index Cond" in node:
            # By another column than the first the whole index would be read.
            assert _first_column(node["Index Name"]) in node["Index Cond"], (node, query)
    return Cost(
        blocks=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        rows=max(_looked_at(node) for node in _nodes(plan)),
    )


@cache
def _first_column(index: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef(%s::regclass, 1, true)", [index])
        return str(cursor.fetchone()[0])


def _looked_at(node: dict[str, Any]) -> float:
    refused = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node["Actual Rows"] + refused) * node["Actual Loops"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)
