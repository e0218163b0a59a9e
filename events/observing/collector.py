"""The garbage collector of a process that holds thousands of short-lived records at a time."""

import gc


def collect_rarely() -> None:
    """Let the collector look seldom, and never again at what is there now.

    Left alone it goes through all records in hand again and again, and finds nothing: a third of
    a relay's time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
