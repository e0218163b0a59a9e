"""Have a replay stand still: `manage.py pausereplay ID --reason "the database is slow"`."""

from events.management.replay_change import ReplayChange
from events.operating.replays import pause_replay


class Command(ReplayChange):
    help = "Has a replay stand still, whichever process runs it, until it is resumed."
    change = staticmethod(pause_replay)
    becomes = "paused"
    meaning = "The process that runs it stands still within a second; resumereplay has it go on."
