"""Makes tables, topics, a user and an API token: `python -m local.demo.prepare FILE`.

One process for what `manage.py migrate`, `synctopics --apply` and the admin do: Django is loaded
once instead of three times.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.core.management import call_command

from local.demo.account import make_account


def prepare(account: Path) -> None:
    """Do it; what is there already stays. Raises what the commands raise."""
    django.setup()
    call_command("migrate", interactive=False)
    call_command("synctopics", apply=True)
    make_account(account)


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
