"""Counters: what a replay says about its messages, in the words of its report."""

# Every message of the range is counted once, under one of these.
SUCCEEDED = "succeeded"  # run by this replay, and done
FAILED = "failed"  # run by this replay, and now a dead letter
DONE = "done"  # done already: not run
DEAD_LETTERED = "dead_lettered"  # given up before, waits for people: left as it is
UNKNOWN = "unknown"  # nobody knows whether its effect happened
QUARANTINED = "quarantined"  # its key is closed: left
IN_WORK = "in_work"  # in the hands of the living group: left
UNDECODABLE = "undecodable"  # no handler can ever get it; it is a dead letter
OTHER = "other"  # not chosen: another type or key, outside the times, or without a handler

OUTCOMES = (
    *(SUCCEEDED, FAILED, DONE, DEAD_LETTERED, UNKNOWN),
    *(QUARANTINED, IN_WORK, UNDECODABLE, OTHER),
)

# Beside them: how many of all came out of the archive, and offsets that hold no message.
ARCHIVED = "archived"
ABSENT = "absent"
