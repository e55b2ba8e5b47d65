"""The town is laid out once, kept aside, and put back by *start again*."""

import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.db.models import F

from portal.demo import folder
from portal.demo.drivers import drive
from portal.demo.fleet import give_drivers, set_up
from portal.demo.held_up import let_go
from portal.demo.shop.orders import Orders
from portal.demo.till import open_tills
from portal.demo.town import TIME_ZONE
from portal.demo.week import fill
from scheduling import windows
from scheduling.models import DayPlan, Depot
from scheduling.snapshots import forget_all


@dataclass(frozen=True, slots=True)
class Laid:
    """How many bookings were made in how many seconds; None if the town was there already."""

    bookings: int
    seconds: float


def make_ready(*, now: datetime) -> Laid | None:
    """Lay the town out, unless today's is there: yesterday's days are over. `now` is the wall's time."""
    call_command("migrate", verbosity=0)
    if laid_out_on() == today(now) and folder.FIRST_STATE.exists():
        return None
    return lay_out(now=now)


def laid_out_on() -> date | None:
    """The first day of the town there is, None if there is none."""
    return DayPlan.objects.order_by("service_date").values_list("service_date", flat=True).first()


def today(now: datetime) -> date:
    """The date in Helsinki."""
    return windows.local_date(now, ZoneInfo(TIME_ZONE))


def lay_out(*, now: datetime) -> Laid:
    """Write everything anew, and keep a copy of the database as it is then."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")  # a power cut would only cost us a demo
    if Depot.objects.exists():
        call_command("flush", interactive=False, verbosity=0)
    forget_all()
    depot = set_up()
    open_tills(now=now)
    bookings = fill(depot, now=now)
    give_drivers(depot)
    drive(now=now, depot=depot)
    # Else the solver would be through all days before anybody looks, and its button would show nothing.
    DayPlan.objects.update(improved_version=F("version"))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=FULL")
    folder.FOLDER.mkdir(parents=True, exist_ok=True)
    _copy(database_file(), folder.FIRST_STATE)
    empty_inbox()
    let_go()
    Orders(folder.SHOP_ORDERS).forget()
    return Laid(bookings, time.perf_counter() - started)


def start_again(*, now: datetime) -> None:
    """Put the first state back while the server runs; lay the town out anew if that was another day.

    The caller has set the clock back; `now` is the wall's.
    """
    with closing(sqlite3.connect(folder.FIRST_STATE)) as first:
        found = first.execute("SELECT MIN(service_date) FROM scheduling_dayplan").fetchone()[0]
    if found == today(now).isoformat():
        connection.close()
        _copy(folder.FIRST_STATE, database_file())
        call_command("migrate", verbosity=0)  # it may be from before an update
    else:
        lay_out(now=now)
    forget_all()
    cache.clear()
    empty_inbox()
    let_go()
    Orders(folder.SHOP_ORDERS).forget()


def database_file() -> Path:
    """Where SQLite keeps the demo's rows."""
    return Path(str(connection.settings_dict["NAME"]))


def _copy(source: Path, target: Path) -> None:
    """Copy a whole database by SQLite's own backup, which waits for writers and is seen all at once."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target, timeout=20)) as other:
        one.backup(other)


def empty_inbox() -> None:
    """Throw away every mail."""
    shutil.rmtree(folder.INBOX, ignore_errors=True)
    folder.INBOX.mkdir(parents=True, exist_ok=True)
