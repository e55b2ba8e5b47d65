"""Where to, and how big: the first page, and the question when the address is not sure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.customers import words
from portal.customers.forms import AddressForm, PlaceForm
from portal.customers.pages import merchant_or_404, refuse, show
from portal.customers.probing import wait_for_lookup, wait_for_place
from portal.customers.rows import Mapped, Pin
from portal.customers.shopper import Visit
from portal.customers.way_back import listed_page
from portal.http import redirect_page, too_many
from portal.places import line_of, not_found
from scheduling import clock
from scheduling.geocoding import Candidate, GeocodeAnswer, PinTooFar, check_pin, find_address

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.models import Merchant

ADDRESS_PAGE = "customers/slots/address.html"
PLACE_PAGE = "customers/slots/place.html"
PREFILLED = ("address", "unit", "size", "parcels", "weight")


@dataclass(frozen=True, slots=True)
class Question:
    """What we ask about an address that is not sure."""

    title: str
    sentence: str


@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest, merchant: str) -> HttpResponse:
    """Ask where to and how big; look the address up; go on to the times, or to what is not sure."""
    shop = merchant_or_404(merchant)
    visit = Visit.of(request, merchant)
    if request.method != "POST":
        form = AddressForm(initial=visit.typed | prefilled(request))
        return show_address(request, shop, form, visit)
    now, form = clock.now(), AddressForm(request.POST)
    if not form.is_valid():
        return show_address(request, shop, form, visit, status=422)
    if wait_s := wait_for_lookup(request, now=now):
        return too_many(request, retry_after_s=wait_s)
    answer = find_address(query=form.cleaned_data["address"], now=now)
    remember_typed(visit, form, answer, order_number=request.GET.get("order", ""))
    if back := listed_page(request.GET.get("return", ""), shop, now=now):
        visit.back = back
    visit.keep(request, merchant)
    if sentence := not_found(answer):
        form.add_error("address", sentence)
        return show_address(request, shop, form, visit, status=503 if answer.status == "down" else 422)
    if answer.status != "exact":
        return redirect_page(request, "customers:place", merchant)
    return settle(request, shop, visit, answer.candidates[0], None, now=now)


def prefilled(request: HttpRequest) -> dict[str, str]:
    """Return what a shop's link already says: it is shown in the form, and checked like anything typed."""
    return {name: request.GET[name][:200] for name in PREFILLED if request.GET.get(name)}


def remember_typed(visit: Visit, form: AddressForm, answer: GeocodeAnswer, *, order_number: str) -> None:
    """Keep what was typed, as it was typed, and what the geocoder made of it."""
    if visit.booked or form.data.get("address", "") != visit.typed.get("address"):
        visit.door = {}  # what was said of one door is not true of another, nor of the next order
    visit.typed = {name: str(form.data.get(name, "")) for name in PREFILLED}
    visit.size = form.sized.as_json()
    visit.answer = answer.as_json()
    visit.place = None
    if visit.booked:  # another visit begins
        visit.hold = visit.booked = ""
        visit.contact.pop("order_number", None)
    if order_number:
        visit.contact["order_number"] = order_number[:64]


def show_address(
    request: HttpRequest, shop: Merchant, form: AddressForm, visit: Visit, *, status: int = 200
) -> HttpResponse:
    return show(request, shop, ADDRESS_PAGE, {"form": form, "brand_note": order_note(visit)}, status=status)


def order_note(visit: Visit) -> str:
    """Return Order 10482 · 2 parcels, as far as it is known."""
    number, parcels = visit.contact.get("order_number", ""), visit.size.get("parcels")
    order = _("Order %(number)s") % {"number": number} if number else ""
    return " · ".join(filter(None, [order, words.parcels(parcels) if parcels and visit.place else ""]))


@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, merchant: str) -> HttpResponse:
    """Ask which of the addresses found is meant, or where exactly its door is."""
    shop, visit = merchant_or_404(merchant), Visit.of(request, merchant)
    answer = visit.found()
    if answer is None or not answer.candidates:
        return redirect_page(request, "customers:address", merchant)
    lines = [line_of(each) for each in answer.candidates]
    if request.method != "POST":
        return show_place(request, shop, visit, answer, PlaceForm(lines=lines))
    form = PlaceForm(request.POST, lines=lines)
    if not form.is_valid():
        return show_place(request, shop, visit, answer, form, status=422)
    candidate = answer.candidates[form.cleaned_data["choice"]]
    try:
        if form.pin:
            check_pin(anchor=candidate, lat=form.pin[0], lon=form.pin[1])
    except PinTooFar as error:
        form.add_error(None, str(error))
        return show_place(request, shop, visit, answer, form, status=422)
    return settle(request, shop, visit, candidate, form.pin, now=clock.now())


def settle(
    request: HttpRequest,
    shop: Merchant,
    visit: Visit,
    candidate: Candidate,
    pin: tuple[float, float] | None,
    *,
    now: datetime,
) -> HttpResponse:
    """Take a place, if this browser and its network may ask about one more, and go on to the times."""
    lat, lon = pin or (candidate.lat, candidate.lon)
    if wait_s := wait_for_place(request, lat=lat, lon=lon, now=now):
        return too_many_places(request, shop, wait_s)
    visit.settle(candidate, pin)
    visit.keep(request, shop.slug)
    return redirect_page(request, "customers:times", shop.slug)


def too_many_places(request: HttpRequest, shop: Merchant, wait_s: int) -> HttpResponse:
    """429: say what is kept, why, and what to do."""
    return refuse(
        request,
        shop,
        wait_s=wait_s,
        title=_("That is enough addresses for now"),
        sentence=_(
            "You have looked at times for three places. To keep other people’s deliveries private we stop "
            "there for today. The three still work: type one of them again. Need another? Ask the shop."
        ),
    )


def show_place(
    request: HttpRequest,
    shop: Merchant,
    visit: Visit,
    answer: GeocodeAnswer,
    form: PlaceForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "question": question(answer),
        "several": len(answer.candidates) > 1,
        "typed": visit.typed.get("address", ""),
        "map": mapped(visit, answer.candidates[0]),
        "brand_note": order_note(visit),
        "address_url": reverse("customers:address", args=[shop.slug]),
    }
    return show(request, shop, PLACE_PAGE, context, status=status)


def mapped(visit: Visit, candidate: Candidate) -> Mapped:
    """Return the map with the pin where the customer last put it, else where the address was found."""
    kept = visit.place or {}
    at = kept if kept.get("line") == candidate.line else asdict(candidate)
    return Mapped(
        pin=Pin(at["lat"], at["lon"], line_of(candidate)),
        sentence=_("You can go on without the map: the driver has the address."),
        caption=_("Drag the pin to your door. With the keyboard: choose the pin, then use the arrow keys."),
    )


def question(answer: GeocodeAnswer) -> Question:
    """Return what we ask, by how well what was found answers what was typed."""
    if answer.status == "street":
        return Question(
            _("Is the pin at your door?"),
            _("We know the street, but not this number. Check the pin, so that the driver finds you."),
        )
    if answer.status == "exact":
        return Question(
            _("Where exactly is your door?"),
            _("Move the pin if your door is somewhere else, in the yard for example."),
        )
    if answer.status == "similar":
        return Question(
            _("Did you mean this one?") if len(answer.candidates) == 1 else _("Did you mean one of these?"),
            _("We can’t find the address just as you typed it. We change nothing without asking."),
        )
    return Question(_("Which one is it?"), _("There is more than one such address. Choose yours."))
