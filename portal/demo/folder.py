"""Where the demo keeps what is no row: its clock, its inbox, and the town as it was first laid out."""

from pathlib import Path

from django.conf import settings

# Beside the database, so that a demo with a database of its own has a folder of its own.
FOLDER = Path(str(settings.DATABASES["default"]["NAME"])).parent / "var" / "demo"
CLOCK = FOLDER / "clock.json"
HELD_UP = FOLDER / "held-up.json"
INBOX = FOLDER / "inbox"
FIRST_STATE = FOLDER / "first.sqlite3"
SHOP_KEY = FOLDER / "shop-key.txt"
SHOP_SECRET = FOLDER / "shop-webhook-secret.txt"
SHOP_ORDERS = FOLDER / "shop.sqlite3"
