"""A depot's day on the road: who needs somebody first, and every route; kept fresh while somebody looks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.http import redirect_page, render_page, targets
from portal.models import Membership
from portal.operations import dispatch_words, words
from portal.operations.board import day_named
from portal.staff import DEPOT_WRITERS, actor_of, members_at, names_of, require_operations, roles_at
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.selectors.board import plan_of
from scheduling.selectors.dispatch import DispatchBoard, day_at, dispatch_mark, dispatch_of
from scheduling.services.days import lock_plan
from scheduling.services.exceptions import acknowledge_exception, assign_exception, settle_exception

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.models import Depot

PAGE, PART = "operations/dispatch/page.html", "operations/dispatch/_road.html"
ACTS = frozenset({"acknowledge", "assign", "settle"})


@require_safe
@require_operations
def today(request: HttpRequest, depot: Depot) -> HttpResponse:
    """Show the day that it is at the depot."""
    return _board(request, depot, day_at(depot=depot, now=clock.now()))


@require_safe
@require_operations
def on_day(request: HttpRequest, depot: Depot, day: str) -> HttpResponse:
    """Show another day: yesterday's is looked up, tomorrow's may be locked the evening before."""
    return _board(request, depot, day_named(day))


def _board(request: HttpRequest, depot: Depot, day: date) -> HttpResponse:
    """A poll that names what it has seen already gets 204: nothing changed."""
    now = clock.now()
    if targets(request, PART) and request.GET.get("v") == dispatch_mark(depot=depot, day=day, now=now):
        return HttpResponse(status=204)
    return shown(request, depot, day, now=now)


@require_POST
@require_operations
def lock(request: HttpRequest, depot: Depot, day: str) -> HttpResponse:
    """Lock a closed day: vehicles are being loaded. A second press finds it locked."""
    now, wanted = clock.now(), day_named(day)
    plan = plan_of(depot=depot, day=wanted)
    if plan is None:
        raise Http404
    try:
        lock_plan(plan_id=plan.pk, actor=actor_of(request), now=now)
    except DomainError as error:
        return shown(request, depot, wanted, now=now, refused=str(error), status=409)
    return redirect_page(request, "operations:dispatch-day", depot.slug, day)


@require_POST
@require_operations
def tend(request: HttpRequest, depot: Depot, exception: int) -> HttpResponse:
    """Acknowledge an exception, give it to somebody, or say that it is dealt with."""
    now, act = clock.now(), request.POST.get("act", "")
    named: dict[str, Any] = {
        "depot": depot,
        "exception_id": exception,
        "actor": actor_of(request),
        "now": now,
    }
    if act not in ACTS:
        raise Http404
    try:
        if act == "acknowledge":
            row = acknowledge_exception(**named)
        elif act == "settle":
            row = settle_exception(**named)
        else:
            row = assign_exception(**named, to=_member(request, depot))
    except DomainError as error:
        day = day_at(depot=depot, now=now)
        return shown(request, depot, day, now=now, refused=str(error), status=409)
    return redirect_page(request, "operations:dispatch-day", depot.slug, row.plan.service_date.isoformat())


def _member(request: HttpRequest, depot: Depot) -> str:
    """Return the actor of whom an exception is given to; nobody for an empty choice, 403 for a stranger."""
    wanted = request.POST.get("to", "")
    if wanted and wanted not in {member.user.actor for member in members_at(depot)}:
        raise PermissionDenied
    return wanted


def shown(
    request: HttpRequest,
    depot: Depot,
    day: date,
    *,
    now: datetime,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the board, or its part; `refused` says why something was not done."""
    board = dispatch_of(depot=depot, day=day, now=now)
    writes = bool(roles_at(request.user, depot=depot) & DEPOT_WRITERS)
    context = {
        "depot": depot,
        "title": words.title(day),
        "road": road_context(board, depot, day, writes=writes),
        "refused": refused,
        "writes": writes,
        "members": members(depot) if writes else [],
        "board_url": reverse("operations:day", args=[depot.slug, day.isoformat()]),
        "brand_note": words.moment(now.astimezone(depot.zone)),
        "map_sentence": _("Every route is in the list, too."),
    }
    return render_page(request, PAGE, PART, context, status=status)


def road_context(board: DispatchBoard | None, depot: Depot, day: date, *, writes: bool) -> dict[str, Any]:
    """What operations/dispatch/_road.html needs."""
    here = [depot.slug, day.isoformat()]
    context: dict[str, Any] = {"url": reverse("operations:dispatch-day", args=here), "board": board}
    if board is None:
        return context
    names = names_of({n for e in board.exceptions for n in (e.acknowledged_by, e.assigned_to) if n})
    return context | {
        "headline": dispatch_words.headline(board),
        "promises": dispatch_words.promises(board.promises),
        "exceptions": [
            dispatch_words.exception_row(each, depot=depot.slug, names=names, writes=writes)
            for each in board.exceptions
        ],
        "routes": [
            dispatch_words.route_row(route, index, depot=depot.slug, now=board.now)
            for index, route in enumerate(board.routes)
        ],
        "alone": [dispatch_words.stop_row(stop, 0, depot=depot.slug) for stop in board.alone],
        "lock_url": reverse("operations:dispatch-lock", args=here)
        if writes and board.state == "closed"
        else "",
        "drawn": dispatch_words.drawn(board),
    }


def members(depot: Depot) -> list[tuple[str, str]]:
    """Return who may take an exception: how events name them, and their names."""
    found: dict[str, Membership] = {member.user.actor: member for member in members_at(depot)}
    return [(actor, str(member.user)) for actor, member in found.items()]
