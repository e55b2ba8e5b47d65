"""The inside of `benchmark tracking`: many followed deliveries on their day, and what their pages cost.

Requests go through the whole portal in this process, one after the other: what is measured is processor time
of one core, without the network and without gunicorn. No page is asked for twice within what is kept of rows.
"""

import io
import sys
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import process_time, sleep
from typing import Any, Final

from django.core import signing
from django.core.handlers.wsgi import WSGIHandler
from django.db.models import Model

from portal.access import MANAGE, SALT, cookie_name
from portal.models import AccessLink
from portal.polls import KEPT_S
from scheduling import clock
from scheduling.models import Booking, Delivery, Expected, LastSeen, Route, Shift, Stop
from scheduling.models.orders import new_ref
from scheduling.models.plans import POSITION_STEP
from scheduling.selectors.road import glimpse_of

STOPS_A_ROUTE: Final = 40
POLLING: Final = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "live"}


@dataclass(frozen=True, slots=True)
class Page:
    """A followed delivery: its address, its cookie, and the versions its page shows."""

    path: str
    cookie: str
    version: str

    def since(self, part: int) -> str:
        """Return the versions of who has an older one of a part: 0 all of the page, 1 its head, 2 the van."""
        parts = self.version.split(".")
        return ".".join([*parts[:part], "0", *parts[part + 1 :]])


def measured(deliveries: int, rendered: int) -> dict[str, float]:
    """Return processor milliseconds by what is asked for: `rendered` pages of each kind are rendered."""
    now = lay_out(deliveries)
    clock.set_source(lambda: now)
    pages, some = list(followed(now)), slice(rendered)
    ask = Asker()
    ask(pages[0].path, pages[0].cookie)  # templates are read once
    figures = {"page_ms": timed(pages[some], 200, lambda each: ask(each.path, each.cookie))}
    for part, name in enumerate(("booking", "head", "van")):
        figures[f"{name}_ms"] = timed(pages[some], 200, ask.with_older(part))
    sleep(KEPT_S)
    figures["unchanged_ms"] = timed(pages, 204, lambda each: ask(each.path, each.cookie, each.version))
    ask(pages[0].path, pages[0].cookie, pages[0].version)
    kept = timed(pages[:1] * 100, 204, lambda each: ask(each.path, each.cookie, each.version))
    return figures | {"unchanged_kept_ms": kept}


def timed(pages: list[Page], status: int, ask: Callable[[Page], int]) -> float:
    """Return the processor milliseconds that one took. Raises RuntimeError for another answer."""
    began = process_time()
    answers = [ask(page) for page in pages]
    took_ms = (process_time() - began) * 1000
    if set(answers) != {status}:
        raise RuntimeError(f"{set(answers)} instead of {status}")
    return took_ms / len(pages)


class Asker:
    """Asks the portal as gunicorn would."""

    def __init__(self) -> None:
        self.handler: Any = WSGIHandler()

    def with_older(self, part: int) -> Callable[[Page], int]:
        """Return what polls for who has an older version of a part."""
        return lambda page: self(page.path, page.cookie, page.since(part))

    def __call__(self, path: str, cookie: str, version: str = "") -> int:
        """Ask for a page, or poll it; return the status."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": f"v={version}" if version else "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "443",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_X_FORWARDED_PROTO": "https",
            "HTTP_X_FORWARDED_FOR": "10.0.0.1",
            "HTTP_COOKIE": cookie,
            "REMOTE_ADDR": "127.0.0.1",
            "SCRIPT_NAME": "",
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
        }
        response = self.handler(environ | (POLLING if version else {}), lambda *_: None)
        try:
            b"".join(response)
            return int(response.status_code)
        finally:
            response.close()


def followed(now: datetime) -> Iterator[Page]:
    """Yield the page of each delivery as it stands open in its customer's browser."""
    from portal.customers.tracking import version_of

    rows = AccessLink.objects.filter(kind=MANAGE, delivery__state=Delivery.State.ON_BOARD)
    for link in rows.select_related("delivery").order_by("delivery_id"):
        ref, it = link.delivery.ref, glimpse_of(link.delivery)
        cookie = signing.dumps([link.pk.hex, link.generation], salt=SALT)
        if it is not None:
            yield Page(f"/d/{ref}/", f"{cookie_name(ref)}={cookie}", version_of(it, now))


# Rows: one booking of the demo's town, as often as wanted, on vans that have left


def lay_out(deliveries: int) -> datetime:
    """Write so many copies of one booking, 40 a van, all on the road; return the moment on their day."""
    one = Booking.objects.filter(state="booked", delivery__direction="out", stop__pickup_point=None).first()
    if one is None:
        raise RuntimeError("the town has no booking")
    plan = one.stop.route.shift.plan
    now = plan.origin_at + timedelta(hours=12)
    routes = [started(one, number, now) for number in range(-(-deliveries // STOPS_A_ROUTE))]
    copies = [copied(one.delivery, ref=new_ref(10), state="on_board") for _number in range(deliveries)]
    Delivery.objects.bulk_create(copies)
    stops = [
        copied(
            one.stop,
            delivery=delivery,
            route=routes[number // STOPS_A_ROUTE],
            position=(number % STOPS_A_ROUTE + 1) * POSITION_STEP,
        )
        for number, delivery in enumerate(copies)
    ]
    Stop.objects.bulk_create(stops)
    booked = zip(copies, stops, strict=True)
    Booking.objects.bulk_create(copied(one, delivery=delivery, stop=stop) for delivery, stop in booked)
    for number, stop in enumerate(stops):
        at = now + timedelta(minutes=5 * (number % STOPS_A_ROUTE))
        wide = timedelta(minutes=10)
        known = {"from_at": at - wide, "at": at, "until_at": at + wide, "made_at": now}
        stop.expected = Expected(stop=stop, **known)
    Expected.objects.bulk_create(stop.expected for stop in stops)
    links = (AccessLink(delivery=each, kind=MANAGE, created_at=now) for each in copies)
    AccessLink.objects.bulk_create(links)
    return now


def started(one: Booking, number: int, now: datetime) -> Route:
    """Return a route of its own that left, and whose van was just seen."""
    shift: Shift = copied(one.stop.route.shift, starts_at=now - timedelta(seconds=number + 1))
    shift.save(force_insert=True)
    route = Route.objects.create(shift=shift, trip=1, state=Route.State.STARTED, started_at=now)
    LastSeen.objects.create(shift=shift, at=now, lat=60.17, lon=24.94)
    return route


def copied(row: Any, **values: Any) -> Any:
    """Return a row that is not saved yet, like another but for some values."""
    new: Model = copy(row)
    new.pk, new._state = None, copy(row._state)
    new._state.adding, new._state.fields_cache = True, {}
    for name, value in values.items():
        setattr(new, name, value)
    return new
