"""The preview record: what a replay would do, partition by partition and in all."""

from typing import Any

from events.replaying.preview import Preview, PreviewRow


def preview_record(preview: Preview) -> dict[str, Any]:
    """Return the preview; counts are null where counting would have taken too long."""
    return {
        "dry_run": True,
        "mode": preview.mode,
        "is_counted": preview.is_counted,
        "note": preview.note,
        "partitions": [_row(row) for row in preview.rows],
        "totals": _counts(preview),
    }


def _row(row: PreviewRow) -> dict[str, Any]:
    return {
        "topic": row.topic,
        "partition": row.partition,
        "first": row.first,
        "from": row.from_offset,
        "to": row.to_offset,
        **_counts(row),
    }


def _counts(of: Preview | PreviewRow) -> dict[str, Any]:
    return {
        "messages": of.messages,
        "removed": of.removed,
        "archived": of.archived,
        "chosen": of.chosen,
        "done": of.done,
        "left": of.left,
        "would_run": of.would_run,
        "beyond": of.beyond,
    }
