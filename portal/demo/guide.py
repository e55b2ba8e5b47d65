"""The guide: one page, one click to be somebody, and the clock."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from portal.demo import folder, inbox, layout, shopfront
from portal.demo.apps import demo_clock, demo_config
from portal.demo.fleet import DEPOT, DESK, MANAGED, MANAGER, PLANNER, SHOPS
from portal.demo.jumps import jumps, shift_to_drive
from portal.demo.town import houses
from portal.http import bad_request, redirect_page, render_page
from portal.models import User
from portal.services.shift_links import hand_out
from portal.shift_links import url_of
from scheduling import clock


@dataclass(frozen=True, slots=True)
class Example:
    """An address to try, and what it shows."""

    address: str
    shows: str | Promise


EXAMPLES = (
    Example("Mikonkatu 1, 00100 Helsinki", _("An address that is found exactly")),
    Example("Mikonkatu 19, Helsinki", _("A school street: from 8 to 10 on weekdays only bikes may stop")),
    Example("Kasarmikatu 19, 00130 Helsinki", _("Neighbours let it be known when a van is in the street")),
    Example("Korkeavuorenkatu 21, Helsinki", _("The street is known, the house is not: put the pin right")),
    Example("Makasiinikatu 4, Helsinki", _("Two streets may be meant: you are asked which")),
    Example("Hämeenkatu 3, Tampere", _("Not in this town: you are told so, and what you typed is kept")),
)


MANAGERS_PAGES = {
    "webhooks": "endpoints",
    "playground": "playground",
    "funnel": "funnel",
    "returns": "returns-figures",
}


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """Show where to click."""
    context = {
        "examples": EXAMPLES,
        "shops": SHOPS,
        "shop_url": demo_config().shop_url,
        "addresses": len(houses()),
        "mails": len(inbox.mails(folder.INBOX)),
    }
    return render_page(request, "demo/guide.html", context=context)


@require_POST
def be_shopper(request: HttpRequest) -> HttpResponse:
    """Begin as a new shopper at a shop, with an address filled in."""
    forget_shopper(request)
    shop = request.POST.get("shop", SHOPS[0].slug)
    if shop not in {each.slug for each in SHOPS}:
        return bad_request(request)
    return redirect_page(request, shop_url(shop, request.POST.get("address", EXAMPLES[0].address)))


def forget_shopper(request: HttpRequest) -> None:
    """Take what a shopper told out of the session; who is signed in as staff stays so."""
    known = list(request.session.keys())
    told = [key for key in known if key == "shopper" or key.startswith("visit:")]
    for key in told:
        del request.session[key]


def shop_url(shop: str, address: str) -> str:
    """The shop's own link to its times, as its checkout would make it."""
    query = urlencode({"address": address[:200], "order": "10482"})
    return f"{reverse('customers:address', args=[shop])}?{query}"


@require_POST
def be_planner(request: HttpRequest) -> HttpResponse:
    """Sign in as the depot's planner."""
    login(request, User.objects.get(email=PLANNER), backend="django.contrib.auth.backends.ModelBackend")
    return redirect_page(request, "operations:depot", DEPOT)


@require_POST
def be_dispatcher(request: HttpRequest) -> HttpResponse:
    """Sign in as the depot's planner, to the board of the day that is on."""
    login(request, User.objects.get(email=PLANNER), backend="django.contrib.auth.backends.ModelBackend")
    return redirect_page(request, "operations:dispatch", DEPOT)


@require_POST
def be_driver(request: HttpRequest) -> HttpResponse:
    """Take a sheet over: one's own delivery's van if it is on the road, else the one with most left to do."""
    now = clock.now()
    shift = shift_to_drive(now=now)
    if shift is None:
        return redirect_page(request, "demo:guide")
    return HttpResponseRedirect(url_of(hand_out(shift=shift, now=now)))


@require_POST
def be_manager(request: HttpRequest) -> HttpResponse:
    """Sign in as a shop's manager: to its keys, webhooks, playground or figures."""
    login(request, User.objects.get(email=MANAGER), backend="django.contrib.auth.backends.ModelBackend")
    page = MANAGERS_PAGES.get(request.POST.get("to", ""), "keys")
    return redirect_page(request, f"merchants:{page}", MANAGED)


@require_POST
def be_desk(request: HttpRequest) -> HttpResponse:
    """Sign in at a shop's returns desk."""
    login(request, User.objects.get(email=DESK), backend="django.contrib.auth.backends.ModelBackend")
    return redirect_page(request, "merchants:returns-desk", MANAGED)


@require_POST
def move_clock(request: HttpRequest) -> HttpResponse:
    """Jump forward, and let the ordinary tasks do what would have been done meanwhile."""
    wanted = request.POST.get("to")
    jump = next((each for each in jumps(clock.now()) if each.name == wanted and not each.why_not), None)
    if jump is None:
        return bad_request(request)
    jump.go()
    return redirect_page(request, _next(request))


@require_POST
def begin_again(request: HttpRequest) -> HttpResponse:
    """Put everything back to how it was first laid out, the clock too."""
    request.session.flush()
    demo_clock().start_again()
    layout.start_again(now=clock.now())
    if demo_config().shop_url:
        shopfront.let_in(now=clock.now())
    response = redirect_page(request, "demo:guide")
    for name in request.COOKIES:
        if name.startswith("delivery-"):
            response.delete_cookie(name)
    return response


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else reverse("demo:guide")
