"""The playground: the real widget with other attributes and looks, what it says, and the lines to copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from csp.constants import SELF
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.forms import PRESETS
from portal.http import redirect_page, refuse_program, render_page
from portal.merchants import snippets
from portal.merchants.playground_form import ATTRIBUTES, LOOKS, PlaygroundForm, written
from portal.models.people import Role
from portal.services.keys import origin_of
from portal.services.sessions import list_origins, listed_origins, open_session, origins_of, token_of
from portal.staff import actor_of, require_merchant, roles_for
from portal.throttle import Limit, network_of, take
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.geocoding import find_address

if TYPE_CHECKING:
    from scheduling.models import Merchant

PAGE: Final = "merchants/widget/playground.html"
PART: Final = "merchants/widget/_snippets.html"
OPENED: Final = Limit("playground-opened", times=60, per_s=60)
LONGEST_ADDRESS: Final = 160
View = Callable[..., HttpResponse]


def for_managers(view: View) -> View:
    """Serve a shop's page to its managers alone: who opens the widget can keep places on real vans."""

    @wraps(view)
    def guarded(request: HttpRequest, shop: Merchant) -> HttpResponse:
        if Role.MANAGER not in roles_for(request.user, merchant=shop):
            raise PermissionDenied
        return view(request, shop)

    return require_merchant(guarded)


@dataclass(frozen=True, slots=True)
class Snippet:
    """Lines for one way to build a page; `note` says what to know, or that we have not run them."""

    anchor: str
    title: str | Promise
    note: str | Promise
    lines: str


UNTESTED: Final = gettext_lazy("Untested: we have not run these lines.")
WAYS: Final = (
    ("html", "HTML", gettext_lazy("Tested. Into your form."), snippets.html),
    ("css", "CSS", gettext_lazy("Tested. Into your stylesheet: its room, and its looks."), snippets.css),
    (
        "react",
        "React 18, 19",
        gettext_lazy("Tested with both. Into your page’s head goes the script that stands above."),
        snippets.react,
    ),
    ("vue", "Vue 3", UNTESTED, snippets.vue),
    ("svelte", "Svelte 5", UNTESTED, snippets.svelte),
)
LOOKS_TO_TRY: Final = (
    (gettext_lazy("Your brand’s"), ""),
    (gettext_lazy("Dark"), urlencode({"theme": "dark"})),
    (
        gettext_lazy("A warm shop"),
        urlencode({"accent": "#9c2f1d", "bg": "#fffdf8", "text": "#241a17", "border": "#e3d5c8"})
        + "&"
        + urlencode({"radius": "4px", "font": "Georgia, serif", "focus": "#1b4fa0"}),
    ),
    (
        gettext_lazy("A night shop"),
        urlencode({"accent": "#d9a441", "bg": "#15101a", "text": "#e9e3ef", "radius": "16px"}),
    ),
)


@require_safe
@for_managers
def playground(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show the widget in a page of ours. It is shown here as anywhere: once the shop has listed this page."""
    form = PlaygroundForm(request.GET.dict() if request.GET else None)
    valid = not form.is_bound or form.is_valid()
    said = form.cleaned_data if form.is_bound else form.beginning()  # without what can't be read
    here = own_origin(request)
    context = {
        "merchant": shop,
        "form": form,
        "here": here,
        "is_listed": here in origins_of(shop, now=clock.now()),
        "snippets": _snippets(shop, said),
        "looks_to_try": LOOKS_TO_TRY,
        "methods": ("reload", "extend", "release"),
    }
    response = render_page(request, PAGE, PART, context, status=200 if valid else 422)
    response._csp_replace = {"frame-src": [SELF]}  # type: ignore[attr-defined] # what django-csp's decorator sets
    return response


def own_origin(request: HttpRequest) -> str:
    """Return this page's own origin, as the browser names it. Raises BadKey where it could not be listed."""
    return origin_of(request.build_absolute_uri("/"))


def _snippets(shop: Merchant, said: dict[str, Any]) -> list[Snippet]:
    one = snippets.Element(
        host=settings.PUBLIC_URL,
        merchant=shop.slug,
        attributes=_written(said, ATTRIBUTES),
        looks=_written(said, LOOKS),
        required=bool(said.get("required")),
        link=_("Choose a delivery time"),
    )
    return [Snippet(anchor, title, note, write(one)) for anchor, title, note, write in WAYS]


def _written(said: dict[str, Any], fields: Iterable[str]) -> dict[str, str]:
    return {written(field): str(said.get(field) or "") for field in fields}


@for_managers
@require_POST
def list_here(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """List this page beside the shop's own."""
    list_origins(merchant=shop, origins=[*listed_origins(shop), own_origin(request)])
    return redirect_page(request, "merchants:playground", shop.slug)


@for_managers
@require_POST
def open_here(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Open a widget session for this page, as the shop's server would for a bag to an address it knows."""
    now = clock.now()
    if wait_s := take(OPENED, network_of(request), now=now):
        sentence = _("That was a lot at once. Wait a minute, then try again.")
        return refuse_program(status=429, code="too_many_requests", message=sentence, retry_after_s=wait_s)
    try:
        session = open_session(
            merchant=shop,
            origin=own_origin(request),
            size=PRESETS["bag"],
            actor=actor_of(request),
            now=now,
            **_where(request.POST.get("address", "").strip()[:LONGEST_ADDRESS]),
        )
    except DomainError as error:
        return refuse_program(status=409, code=error.code, message=str(error))
    return JsonResponse({"session": token_of(session.pk)}, status=201)


def _where(address: str) -> dict[str, Any]:
    """Return what is known of the address: found, to be looked at, or only typed."""
    if not address:
        return {}
    typed, answer = {"address": address}, find_address(query=address, now=clock.now())
    if answer.status == "exact":
        return {"place": answer.candidates[0].facts(unit=answer.unit), "typed": typed}
    return {"typed": typed} | ({"answer": answer} if answer.candidates else {})
