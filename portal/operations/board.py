"""A day's routes on the map and as rows, kept fresh while somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.http import redirect_page, render_page, targets
from portal.operations import words
from portal.operations.drawing import drawn
from portal.staff import DEPOT_WRITERS, actor_of, require_operations, roles_at
from scheduling import clock, windows
from scheduling.selectors.board import Board, board_days, board_mark, board_of, plan_of, runs_on
from scheduling.selectors.promises import kept_on
from scheduling.services.improvements import ask_for_improvement

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.models import Depot

PAGE, PART = "operations/board/page.html", "operations/board/_plan.html"
RUNS = "operations/board/improvements.html"
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
    now, wanted = clock.now(), day_named(day)
    if targets(request, PART) and request.GET.get("v") == board_mark(depot=depot, day=wanted, now=now):
        return HttpResponse(status=204)
    return _shown(request, depot, wanted, now)


@require_POST
@require_operations
def improve(request: HttpRequest, depot: Depot, day: str) -> HttpResponse:
    """Have a day's routes improved soon. A second press finds that somebody looks already."""
    now, wanted = clock.now(), day_named(day)
    ask(depot=depot, day=wanted, actor=actor_of(request), now=now)
    if targets(request, PART):
        return _shown(request, depot, wanted, now)
    return redirect_page(request, "operations:day", depot.slug, day)


@require_safe
@require_operations
def improvements(request: HttpRequest, depot: Depot, day: str) -> HttpResponse:
    """Show what became of the solver's latest runs on a day."""
    now, wanted = clock.now(), day_named(day)
    context = {
        "depot": depot,
        "title": words.title(wanted),
        "day_url": reverse("operations:day", args=[depot.slug, day]),
        "runs": [words.run_row(run) for run in runs_on(depot=depot, day=wanted, now=now)],
        "brand_note": words.moment(now.astimezone(depot.zone)),
    }
    return render_page(request, RUNS, context=context)


def ask(*, depot: Depot, day: date, actor: str, now: datetime) -> None:
    """Ask for better routes where that is possible and nobody looks yet; raise Http404 without a plan."""
    plan, board = plan_of(depot=depot, day=day), board_of(depot=depot, day=day, now=now)
    if plan is None or board is None:
        raise Http404
    if settings.SOLVERS_AT_ONCE and board.improvable and not board.improving.looking:
        ask_for_improvement(plan=plan, actor=actor, now=now)


def _shown(request: HttpRequest, depot: Depot, wanted: date, now: datetime) -> HttpResponse:
    board = board_of(depot=depot, day=wanted, now=now)
    writes = bool(roles_at(request.user, depot=depot) & DEPOT_WRITERS)
    return render_page(request, PAGE, PART, _context(depot, wanted, board, now, writes=writes))


def day_named(text: str) -> date:
    """Return the date that a path names; raise Http404 for one that is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error


def _context(
    depot: Depot, wanted: date, board: Board | None, now: datetime, *, writes: bool
) -> dict[str, Any]:
    here, today = [depot.slug, wanted.isoformat()], windows.local_date(now, depot.zone)
    return {
        "depot": depot,
        "wanted": wanted,
        "title": words.title(wanted),
        "plan": plan_context(
            board,
            url=reverse("operations:day", args=here),
            today=today,
            ask_url=reverse("operations:improve", args=here) if writes else "",
            runs_url=reverse("operations:improvements", args=here),
            sheet_of=partial(_sheet_url, depot, wanted) if writes else None,
        ),
        "days": _days(depot, wanted, now),
        "kept": words.promises_kept(kept_on(depot=depot, day=wanted)) if wanted <= today else "",
        "brand_note": words.moment(now.astimezone(depot.zone)),
        "map_sentence": _("Every stop is in the table, too."),
    }


def plan_context(
    board: Board | None,
    *,
    url: str,
    today: date,
    ask_url: str = "",
    runs_url: str = "",
    sheet_of: Callable[[int], str] | None = None,
) -> dict[str, Any]:
    """What operations/board/_plan.html needs; `url` is where it asks whether anything changed.

    `ask_url` is where who looks may ask for better routes, if they may; `runs_url` is the page of all runs;
    `sheet_of` returns the page of a route's stops to print, where they may see it.
    """
    ask_url = ask_url if settings.SOLVERS_AT_ONCE else ""
    return {
        "board": board,
        "url": url,
        "totals": words.totals(board) if board else "",
        "places": words.places(board.places) if board and board.places else "",
        "counting": words.counting(board) if board else "",
        "routes": _routes(board, sheet_of) if board else [],
        "improve": words.improve_line(board, today, ask_url=ask_url, runs_url=runs_url) if board else None,
        "drawn": drawn(board) if board else "[]",
    }


def _routes(board: Board, sheet_of: Callable[[int], str] | None) -> list[words.RouteTable]:
    return [
        words.route(route, index, sheet_url=sheet_of(route.key) if sheet_of else "")
        for index, route in enumerate(board.routes)
    ]


def _sheet_url(depot: Depot, day: date, route: int) -> str:
    return reverse("operations:manifest", args=[depot.slug, day.isoformat(), route])


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
