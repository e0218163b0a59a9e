"""End a replay for good: `manage.py stopreplay ID --reason "the wrong day"`."""

from events.management.replay_change import ReplayChange
from events.operating.replays import stop_replay


class Command(ReplayChange):
    help = "Ends a replay for good; what it did stays done, and its report is kept."
    change = staticmethod(stop_replay)
    becomes = "stopped"
    meaning = "What it did stays done: manage.py replays ID tells it."
