"""A route to print or to hold: its stops in order, how to get in, and the next stop's code on request."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.http import render_page
from portal.models.people import Role
from portal.operations import manifest_words, words
from portal.operations.board import day_named
from portal.staff import DEPOT_WRITERS, actor_of, names_of, require_operations, roles_at
from scheduling import clock
from scheduling.errors import CodeGone, CodeRefused, CodeUnreadable
from scheduling.selectors.manifest import manifest_of
from scheduling.selectors.notes import reads_at
from scheduling.services.codes import Reader, read_access_code

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.models import Depot

PAGE = "operations/manifest/page.html"
READS = "operations/manifest/reads.html"


@require_safe
@require_operations
def manifest(request: HttpRequest, depot: Depot, day: str, route: int) -> HttpResponse:
    """Show one route, in the language of ?lang or of who asks. Only to who drives or dispatches there."""
    require_dispatch(request, depot)
    return shown(request, depot, day_named(day), route, now=clock.now())


@require_POST
@require_operations
def read_code(request: HttpRequest, depot: Depot, day: str, route: int) -> HttpResponse:
    """Show one code of the next stop, once, in this answer alone; note who looked. Others: 403."""
    now, code = clock.now(), request.POST.get("code", "")
    reader = Reader(actor=actor_of(request), depot_id=depot.pk)
    try:
        text = read_access_code(
            stop_id=_whole(request.POST.get("stop", "")), code=code, reader=reader, now=now
        )
    except CodeRefused as error:
        raise PermissionDenied from error
    except (CodeGone, CodeUnreadable) as error:
        return shown(request, depot, day_named(day), route, now=now, refused=str(error), status=409)
    read = manifest_words.CodeRead(code, text)
    return shown(request, depot, day_named(day), route, now=now, read=read)


@require_safe
@require_operations
def reads(request: HttpRequest, depot: Depot) -> HttpResponse:
    """Show a depot's managers who looked at which codes."""
    if Role.MANAGER not in roles_at(request.user, depot=depot):
        raise PermissionDenied
    found = reads_at(depot)
    who = names_of({read.actor for read in found})
    context = {
        "depot": depot,
        "reads": [manifest_words.read_row(read, who, depot.zone) for read in found],
        "brand_note": words.moment(clock.now().astimezone(depot.zone)),
    }
    return render_page(request, READS, context=context)


def require_dispatch(request: HttpRequest, depot: Depot) -> None:
    """Raise PermissionDenied for who may only look at boards: here are names and how people live."""
    if not roles_at(request.user, depot=depot) & DEPOT_WRITERS:
        raise PermissionDenied


def shown(
    request: HttpRequest,
    depot: Depot,
    day: date,
    route: int,
    *,
    now: datetime,
    read: manifest_words.CodeRead | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the page; `read` is a code that was asked for just now."""
    found = manifest_of(depot=depot, day=day, route_id=route, now=now)
    if found is None:
        raise Http404
    language = language_asked(request)
    with translation.override(language):
        context: dict[str, Any] = {
            "depot": depot,
            "title": words.title(day),
            "route": words.route(found.route, 0),
            "stops": [manifest_words.stop(each, read) for each in found.stops],
            "refused": refused,
            "here": reverse("operations:manifest", args=[depot.slug, day.isoformat(), route]),
            "ask_url": reverse("operations:read-code", args=[depot.slug, day.isoformat(), route]),
            "board_url": reverse("operations:day", args=[depot.slug, day.isoformat()]),
            "reads_url": reads_url(request, depot),
            "language": language,
            "languages": languages(language),
            "printed": _("As of %(moment)s") % {"moment": words.moment(now.astimezone(depot.zone))},
            "brand_note": words.moment(now.astimezone(depot.zone)),
        }
        return render_page(request, PAGE, context=context, status=status)


def reads_url(request: HttpRequest, depot: Depot) -> str:
    """Return where managers see who looked at codes; nothing for others."""
    manages = Role.MANAGER in roles_at(request.user, depot=depot)
    return reverse("operations:code-reads", args=[depot.slug]) if manages else ""


def language_asked(request: HttpRequest) -> str:
    """Return the language of ?lang (or of a form's lang) if we speak it, else that of who asks."""
    asked = request.GET.get("lang") or request.POST.get("lang", "")
    return (
        asked if asked in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE
    )


def languages(current: str) -> list[manifest_words.Language]:
    """Return the languages to choose among; none where there is but one."""
    known = dict(settings.LANGUAGES)
    found = [manifest_words.Language(code, _(name), code == current) for code, name in known.items()]
    return found if len(found) > 1 else []


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
