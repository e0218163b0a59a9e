"""Have a paused or failed replay go on: `manage.py resumereplay ID --reason "mended"`."""

from events.management.replay_change import ReplayChange
from events.operating.replays import resume_replay


class Command(ReplayChange):
    help = "Has a paused or failed replay go on where it was."
    change = staticmethod(resume_replay)
    becomes = "resumed"
    meaning = (
        "A process that waits for it goes on at once, else a worker (manage.py runreplay --serve)."
    )
