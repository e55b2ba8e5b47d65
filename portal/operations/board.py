"""A day's routes on the map and as rows, kept fresh while somebody looks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.http import redirect_page, render_page, targets
from portal.operations import words
from portal.operations.drawing import drawn
from portal.staff import require_operations
from scheduling import clock, windows
from scheduling.selectors.board import Board, board_days, board_mark, board_of

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.models import Depot

PAGE, PART = "operations/board/page.html", "operations/board/_plan.html"
DAYS_SHOWN = 8


@require_safe
@require_operations
def next_day(request: HttpRequest, depot: Depot) -> HttpResponse:
    """Go on to tomorrow's plan: today's vans are on the road."""
    tomorrow = windows.local_date(clock.now(), depot.zone) + timedelta(days=1)
    return redirect_page(request, "operations:day", depot.slug, tomorrow.isoformat())


@require_safe
@require_operations
def day(request: HttpRequest, depot: Depot, day: str) -> HttpResponse:
    """Show one day. A poll that names what it has seen already gets 204: nothing changed."""
    now, wanted = clock.now(), _date(day)
    if targets(request, PART) and request.GET.get("v") == board_mark(depot=depot, day=wanted, now=now):
        return HttpResponse(status=204)
    board = board_of(depot=depot, day=wanted, now=now)
    return render_page(request, PAGE, PART, _context(depot, wanted, board, now))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error


def _context(depot: Depot, wanted: date, board: Board | None, now: datetime) -> dict[str, Any]:
    return {
        "depot": depot,
        "wanted": wanted,
        "title": words.title(wanted),
        "plan": plan_context(board, url=reverse("operations:day", args=[depot.slug, wanted.isoformat()])),
        "days": _days(depot, wanted, now),
        "brand_note": words.moment(now.astimezone(depot.zone)),
        "map_sentence": _("Every stop is in the table, too."),
    }


def plan_context(board: Board | None, *, url: str) -> dict[str, Any]:
    """What operations/board/_plan.html needs; `url` is where it asks whether anything changed."""
    return {
        "board": board,
        "url": url,
        "totals": words.totals(board) if board else "",
        "routes": [words.route(route, index) for index, route in enumerate(board.routes)] if board else [],
        "drawn": drawn(board) if board else "[]",
    }


def _days(depot: Depot, wanted: date, now: datetime) -> list[words.StripDay]:
    first = windows.local_date(now, depot.zone)
    there = {day.service_date: day for day in board_days(depot=depot, first=first, now=now)}
    return [
        words.strip_day(
            when,
            there.get(when),
            reverse("operations:day", args=[depot.slug, when.isoformat()]),
            open_=wanted,
        )
        for when in windows.days_from(first, DAYS_SHOWN)
    ]
