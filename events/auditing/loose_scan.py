"""Loose index scan: the few values of a large table's column, one step down its index each."""


def loose_scan(name: str, *, table: str, column: str) -> str:
    """Return `name(value)` for WITH RECURSIVE: each value once, in order, then a null.

    There has to be an index that begins with the column. A query that takes only the first values
    has no more of them looked for.
    """
    return f"""
    {name}(value) AS (
        (SELECT r.{column} FROM {table} r ORDER BY r.{column} LIMIT 1)
        UNION ALL
        SELECT (SELECT r.{column} FROM {table} r WHERE r.{column} > {name}.value
                ORDER BY r.{column} LIMIT 1)
        FROM {name} WHERE {name}.value IS NOT NULL
    )"""  # noqa: S608 - names of ours
