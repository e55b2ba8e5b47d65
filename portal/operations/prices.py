"""What a visit would cost right now, before any shopper asks: exact, and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal.forms import CommaDecimalField, SizedForm
from portal.http import render_page, too_many
from portal.operations import price_words, words
from portal.places import line_of, not_found
from portal.staff import actor_of, require_operations
from portal.throttle import Limit, take
from scheduling import clock
from scheduling.errors import OutsideArea, TooLarge
from scheduling.geocoding import GeocodeAnswer, find_address
from scheduling.selectors.prices import merchants_at, preview_prices

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.facts import VisitFacts
    from scheduling.models import Depot, Merchant

PAGE = "operations/prices/page.html"
PREVIEWS: Final = Limit("price-previews", times=60, per_s=60)
MOST_CAP: Final = Decimal(1000)


class PriceForm(SizedForm):
    """Whose goods, where to, how big, and which cap to try."""

    field_order = ("merchant", "address", "cap", *SizedForm.base_fields)

    merchant = forms.ChoiceField(
        label=gettext_lazy("Shop"),
        error_messages={"required": gettext_lazy("Choose the shop that sells the goods.")},
        widget=forms.Select(attrs={"class": "field__input"}),
    )
    address = forms.CharField(
        label=gettext_lazy("Street, number and town"),
        max_length=160,
        error_messages={"required": gettext_lazy("Write the street and the number to look at.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    cap = CommaDecimalField(
        label=gettext_lazy("Another cap to try"),
        help_text=gettext_lazy("The most taken off a price, such as 2.50. Nothing is changed for shoppers."),
        required=False,
        min_value=0,
        max_value=MOST_CAP,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={
            "invalid": gettext_lazy("Write the cap in digits, such as 2.50."),
            "min_value": gettext_lazy("A cap is zero or more."),
            "max_value": gettext_lazy("Try a cap of up to %(limit_value)d."),
            "max_decimal_places": gettext_lazy("Write the cap with two decimals at most, such as 2.50."),
        },
    )

    def __init__(self, *args: Any, shops: Sequence[Merchant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shops = {shop.slug: shop for shop in shops}
        self.fields["merchant"].choices = [(shop.slug, shop.name) for shop in shops]  # type: ignore[attr-defined]

    @property
    def shop(self) -> Merchant:
        """Return the shop chosen. The form must be valid."""
        return self.shops[self.cleaned_data["merchant"]]

    @property
    def cap_minor(self) -> int | None:
        """Return the cap to try in minor units, if there is one. The form must be valid."""
        cap = self.cleaned_data["cap"]
        return None if cap is None else int(cap * 100)


@dataclass(frozen=True, slots=True)
class Meant:
    """An address that may be meant, and where the same question about it is answered."""

    line: str
    url: str


@require_safe
@require_operations
def prices(request: HttpRequest, depot: Depot) -> HttpResponse:
    """Ask for a visit; show what it would cost now. The question is in the address, nothing is kept."""
    now, shops = clock.now(), merchants_at(depot=depot)
    if not request.GET.keys() & PriceForm.base_fields.keys():
        return _shown(request, depot, PriceForm(shops=shops), now)
    form = PriceForm(request.GET, shops=shops)
    if request.GET.get("merchant") and request.GET["merchant"] not in form.shops:
        raise Http404  # others' shops do not exist for these people
    if not form.is_valid():
        return _shown(request, depot, form, now, status=422)
    if wait_s := take(PREVIEWS, actor_of(request), now=now):
        return too_many(request, retry_after_s=wait_s)
    return _answered(request, depot, form, now)


def _answered(request: HttpRequest, depot: Depot, form: PriceForm, now: datetime) -> HttpResponse:
    answer = find_address(query=form.cleaned_data["address"], now=now)
    if answer.status != "exact":
        form.add_error("address", not_sure(answer))
        status = 503 if answer.status == "down" else 422
        return _shown(request, depot, form, now, meant=_meant(request.GET, answer), status=status)
    facts = form.sized.facts(address=answer.candidates[0].facts(unit=answer.unit), shop=form.shop)
    try:
        preview = preview_prices(
            depot=depot, merchant=form.shop, facts=facts, now=now, cap_minor=form.cap_minor
        )
    except OutsideArea:
        form.add_error("address", _("%(shop)s does not deliver there.") % {"shop": form.shop})
    except TooLarge:
        form.add_error("size", _("No van could carry that, even empty."))
    else:
        asked = _asked(form.shop, line_of(answer.candidates[0]), facts)
        rows = price_words.preview_rows(preview, now)
        return _shown(request, depot, form, now, asked=asked, preview=rows)
    return _shown(request, depot, form, now, status=422)


def not_sure(answer: GeocodeAnswer) -> str:
    """Return why prices can't be told for an address that was not found as it was typed."""
    if sentence := not_found(answer):
        return sentence
    if answer.status == "street":
        return _("We know the street, but not this number. Write a number that is there.")
    return _(
        "We can’t find the address just as you typed it. Choose one of those below, or write it in full."
    )


def _meant(typed: QueryDict, answer: GeocodeAnswer) -> list[Meant]:
    """Return the addresses that may be meant, each with the rest of the question as it was typed."""
    if answer.status == "street":
        return []
    found = []
    for candidate in answer.candidates:
        again, line = typed.copy(), line_of(candidate)
        again["address"] = line
        found.append(Meant(line, f"?{again.urlencode()}"))
    return found


def _asked(shop: Merchant, line: str, facts: VisitFacts) -> str:
    return " · ".join([shop.name, line, price_words.load(facts.parcels, facts.load_g)])


def _shown(
    request: HttpRequest, depot: Depot, form: PriceForm, now: datetime, *, status: int = 200, **context: Any
) -> HttpResponse:
    about = {
        "depot": depot,
        "form": form,
        "board_url": reverse("operations:depot", args=[depot.slug]),
        "brand_note": words.moment(now.astimezone(depot.zone)),
    }
    return render_page(request, PAGE, context=about | context, status=status)
