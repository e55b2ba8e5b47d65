"""Where the demo keeps what is no row: its clock, its inbox, and the town as it was first laid out."""

from pathlib import Path

from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "var" / "demo"
CLOCK = FOLDER / "clock.json"
INBOX = FOLDER / "inbox"
FIRST_STATE = FOLDER / "first.sqlite3"
