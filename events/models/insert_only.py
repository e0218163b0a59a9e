"""The database's own refusal to change what the audit has told."""

import pgtrigger


def insert_only() -> pgtrigger.Protect:
    """Return a trigger that refuses UPDATE and DELETE; erase and prune have one audited door."""
    return pgtrigger.Protect(name="insert_only", operation=pgtrigger.Update | pgtrigger.Delete)
