"""What the first quotes of a process would have to read, read before they come."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from django.db import Error

from scheduling import windows
from scheduling.models import DayPlan, Merchant
from scheduling.quoting import DAYS_SHOWN
from scheduling.set_up import set_up_of
from scheduling.snapshots import plans_between, snapshots_of

LONGEST_S: Final = 2.0

log = logging.getLogger(__name__)


def read_ahead(*, now: datetime, longest_s: float = LONGEST_S) -> int:
    """Read what is sold, and the day plans that shoppers see first; return how many plans were read.

    It takes no longer than `longest_s`, but for one plan: somebody waits for the process. Where there is no
    database to read, the first quotes read for themselves.
    """
    until, read = monotonic() + longest_s, 0
    try:
        for plan in _plans(now):
            if monotonic() > until:
                break
            for snapshot in snapshots_of([plan], now=now):
                _ = snapshot.tape
            read += 1
    except Error as error:
        log.warning("nothing more is read ahead: %s", type(error).__name__)
    except Exception:  # what is wrong with one plan is for those to see who ask about it; all others go on
        log.exception("nothing more is read ahead")
    return read


def _plans(now: datetime) -> Iterator[DayPlan]:
    depots = set[int]()
    for merchant in Merchant.objects.order_by("pk"):
        for outlet in set_up_of(merchant, now=now).outlets:
            if outlet.depot_id not in depots:
                depots.add(outlet.depot_id)
                first = windows.local_date(now, outlet.depot.zone)
                yield from plans_between(outlet.depot, first, first + timedelta(days=DAYS_SHOWN - 1))
