"""What was promised for one delivery, first and later, and what each change did to the routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.http import render_page
from portal.operations import words
from portal.operations.attempts import tries_of
from portal.operations.story import lines_of
from portal.staff import DEPOT_WRITERS, actor_of, require_operations, roles_at
from scheduling import clock, windows
from scheduling.promises import Served
from scheduling.selectors.promises import delivery_at, moment_of_service, promises_of
from scheduling.selectors.road import story_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from scheduling.models import Delivery, Depot
    from scheduling.selectors.promises import Promised

PAGE = "operations/history/page.html"


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One promise as a row, in the depot's time."""

    number: int
    made: str
    day: str
    hours: str
    why: str
    by: str
    driving: str


@require_safe
@require_operations
def history(request: HttpRequest, depot: Depot, ref: str) -> HttpResponse:
    """Show the ledger of a delivery that goes by this depot's routes."""
    delivery = delivery_at(depot=depot, ref=ref)
    if delivery is None:
        raise Http404
    now, promised = clock.now(), promises_of(delivery)
    dispatches = bool(roles_at(request.user, depot=depot) & DEPOT_WRITERS)
    whom = actor_of(request) if dispatches else ""
    day = windows.local_date(delivery.booking.stop.opens_at, depot.zone)
    context = {
        "depot": depot,
        "delivery": delivery,
        "title": words.title(day),
        "day_url": reverse("operations:day", args=[depot.slug, day.isoformat()]),
        "rows": [row(one, depot.zone) for one in promised],
        "tries": tries_of(delivery, depot.zone, whom=whom, slug=depot.slug, now=now),
        "story": lines_of(story_of(delivery), depot.zone),
        "undo_url": reverse("operations:undo", args=[depot.slug, ref]),
        "lede": said_of(promised, depot.zone),
        "kept": kept_words(delivery, promised, depot.zone),
        "brand_note": words.moment(now.astimezone(depot.zone)),
    }
    return render_page(request, PAGE, context=context)


def row(of: Promised, zone: ZoneInfo) -> HistoryRow:
    """Return one promise in words."""
    opens, closes = of.window.opens_at.astimezone(zone), of.window.closes_at.astimezone(zone)
    return HistoryRow(
        number=of.number,
        made=words.moment(of.made_at.astimezone(zone)),
        day=words.title(windows.local_date(of.window.opens_at, zone)),
        hours=f"{words.clock_time(opens)}–{words.clock_time(closes)}",
        why=": ".join(filter(None, [capfirst(of.cause_name), of.reason])),
        by=made_by(of.actor),
        driving=change_in_driving(of.longer_by_m),
    )


def made_by(actor: str) -> str:
    """Say who it was, as far as it says something to people."""
    kinds = {
        "link": _("the customer’s link"),
        "key": _("the shop’s program"),
        "user": _("staff"),
        "clock": _("by itself"),
    }
    return kinds.get(actor.partition(":")[0], _("the customer"))


def change_in_driving(metres: int) -> str:
    """Return +1.2 km, −840 m or 0 m."""
    sign = "+" if metres > 0 else "−" if metres < 0 else ""
    return sign + words.distance(abs(metres))


def kept_words(delivery: Delivery, promised: list[Promised], zone: ZoneInfo) -> str:
    """Say whether it came in time, for what was promised first and latest; nothing unless it was served."""
    began_at = moment_of_service(delivery)
    if began_at is None:
        return ""
    it = Served([one.window for one in promised], began_at)
    said = {
        (True, True): _("It came at %(time)s, as promised."),
        (True, False): _("It came at %(time)s: in time for the first promise, not for the latest."),
        (False, True): _("It came at %(time)s: in time for the latest promise, not for the first."),
        (False, False): _("It came at %(time)s: not in time for any promise."),
    }
    known = {"time": words.moment(began_at.astimezone(zone))}
    return said[it.kept_first, it.kept_latest] % known


def said_of(promised: list[Promised], zone: ZoneInfo) -> str:
    """Say what counts: the first promise stays known, however often it was moved."""
    if len(promised) < 2:
        return _("One promise so far. It is what counts.")
    first = row(promised[0], zone)
    sentence = _("First promised for %(day)s, %(hours)s. That stays known, however often it is moved.")
    return sentence % {"day": first.day, "hours": first.hours}
