"""Side by side: the shopper's phone, and the depot's map, on which a kept time bends a route."""

from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.demo.fleet import DEPOT, SHOPS
from portal.demo.guide import EXAMPLES, forget_shopper, shop_url
from portal.http import bad_request, redirect_page, render_page, targets
from portal.operations import words
from portal.operations.board import ask, plan_context
from scheduling import clock, windows
from scheduling.models import Depot
from scheduling.selectors.board import board_mark, board_of, day_last_kept

PAGE, PART = "demo/side_by_side.html", "demo/_beside.html"


@require_safe
def side_by_side(request: HttpRequest) -> HttpResponse:
    """Show both. The map follows the day on which a time was kept last; unchanged: 204."""
    now, depot = clock.now(), Depot.objects.get(slug=DEPOT)
    day = _day(request, depot, now)
    mark = board_mark(depot=depot, day=day, now=now)
    if targets(request, PART) and request.GET.get("v") == mark:
        return HttpResponse(status=204)
    if not targets(request, PART):
        forget_shopper(request)
    return _shown(request, depot, day, now)


@require_POST
def improve(request: HttpRequest) -> HttpResponse:
    """Have the routes that are shown improved soon. Anybody may: to sign in as the planner is one click."""
    now, depot, day = clock.now(), Depot.objects.get(slug=DEPOT), _asked(request)
    if day is None:
        return bad_request(request)
    ask(depot=depot, day=day, actor="demo", now=now)
    if targets(request, PART):
        return _shown(request, depot, _day(request, depot, now), now)
    return redirect_page(request, f"{reverse('demo:beside')}?day={day.isoformat()}")


def _shown(request: HttpRequest, depot: Depot, day: date, now: datetime) -> HttpResponse:
    board = board_of(depot=depot, day=day, now=now)
    mark = board.mark if board else None
    context = {
        "depot": depot,
        "plan": plan_context(
            board,
            url=f"{reverse('demo:beside')}?day={day.isoformat()}&v={mark}",
            today=windows.local_date(now, depot.zone),
            ask_url=f"{reverse('demo:improve')}?day={day.isoformat()}",
        ),
        "day": words.title(day),
        "kept": words.kept(board) if board else [],
        "phone_url": shop_url(SHOPS[0].slug, EXAMPLES[0].address),
        "map_sentence": _("The sentences above say the same as the map."),
    }
    return render_page(request, PAGE, PART, context)


def _day(request: HttpRequest, depot: Depot, now: datetime) -> date:
    tomorrow = windows.local_date(now, depot.zone) + timedelta(days=1)
    return day_last_kept(depot=depot, now=now) or _asked(request) or tomorrow


def _asked(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None
