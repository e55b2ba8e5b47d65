"""A price preview as staff read it. Pure: a preview in, rows and sentences out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.money import money
from portal.operations import words
from scheduling.selectors.prices import PreviewDay, PreviewSuggestion, PreviewTime, PricePreview

TAGS: dict[str, str | Promise] = {
    "least_driving": gettext_lazy("least driving"),
    "soonest": gettext_lazy("soonest"),
    "cheapest": gettext_lazy("cheapest"),
}


@dataclass(frozen=True, slots=True)
class PricedOffer:
    """What an open time costs and adds."""

    discount: str
    price: str
    tried: str
    metres: str
    seconds: str
    band: str
    pointed_out: bool
    grams: str
    grams_shown: str
    vehicle: str


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One time. Where it can't be chosen there is no offer, and `reason` says why."""

    when: str
    flexible: bool
    cutoff: str
    cutoff_state: str
    neighbours: str
    base: str
    reason: str
    offer: PricedOffer | None


@dataclass(frozen=True, slots=True)
class PriceDay:
    """One day's heading and rows."""

    name: str
    rows: list[PriceRow]


@dataclass(frozen=True, slots=True)
class PriceRows:
    """What the page shows of a preview; `tried` heads the column of the cap that is tried, if one is."""

    first: str
    average: str
    elsewhere: str
    tried: str
    days: list[PriceDay]


def preview_rows(preview: PricePreview, now: datetime) -> PriceRows:
    """Return a preview as the page shows it."""
    return PriceRows(
        first=first_seen(preview.suggestions, preview.currency),
        average=average(preview),
        elsewhere=elsewhere(preview.elsewhere),
        tried=""
        if preview.tried_cap_minor is None
        else _("With a cap of %(cap)s") % {"cap": money(preview.tried_cap_minor, preview.currency)},
        days=[_day(day, preview.currency, now) for day in preview.days],
    )


def first_seen(suggestions: Sequence[PreviewSuggestion], currency: str) -> str:
    """A shopper sees first: Tue 24 Nov, 10:00–12:00 for €1.90 (least driving, cheapest)."""
    if not suggestions:
        return _("No time can be chosen in these days: a shopper would see why, and when to come back.")
    found = "; ".join(_suggested(each, currency) for each in suggestions)
    return _("A shopper sees first: %(times)s.") % {"times": found}


def _suggested(of: PreviewSuggestion, currency: str) -> str:
    return _("%(day)s, %(hours)s for %(price)s (%(tags)s)") % {
        "day": date_format(of.opens, "D j M"),
        "hours": _hours(of.opens, of.closes),
        "price": money(of.price_minor, currency),
        "tags": ", ".join(str(TAGS[tag]) for tag in of.tags),
    }


def average(preview: PricePreview) -> str:
    """42 times are open: €4.32 on average with the shop’s cap of €3.00, €3.90 with one of €5.00."""
    if preview.average_minor is None:
        return ""
    tried, then = preview.tried_cap_minor, preview.tried_average_minor
    facts = {
        "count": preview.open_times,
        "now": money(preview.average_minor, preview.currency),
        "cap": money(preview.cap_minor, preview.currency),
        "then": money(then or 0, preview.currency),
        "tried": money(tried or 0, preview.currency),
    }
    return (_average_now if tried is None else _averages)(preview.open_times) % facts


def _average_now(count: int) -> str:
    return ngettext(
        "%(count)d time is open: %(now)s with the shop’s cap of %(cap)s.",
        "%(count)d times are open: %(now)s on average with the shop’s cap of %(cap)s.",
        count,
    )


def _averages(count: int) -> str:
    return ngettext(
        "%(count)d time is open: %(now)s with the shop’s cap of %(cap)s, %(then)s with one of %(tried)s.",
        "%(count)d times are open: %(now)s on average with the shop’s cap of %(cap)s, %(then)s with one of "
        "%(tried)s.",
        count,
    )


def elsewhere(count: int) -> str:
    """Say which times are counted, but not told."""
    if not count:
        return ""
    sentence = ngettext(
        "%(count)d more time comes from another depot: it counts above, but is not listed here.",
        "%(count)d more times come from other depots: they count above, but are not listed here.",
        count,
    )
    return sentence % {"count": count}


def load(parcels: int, load_g: int) -> str:
    """2 parcels, 9 kg."""
    amount = (Decimal(load_g) / 1000).quantize(Decimal("0.1")).normalize()
    return _("%(parcels)s, %(weight)s") % {
        "parcels": ngettext("%(count)d parcel", "%(count)d parcels", parcels) % {"count": parcels},
        "weight": _("%(amount)s kg") % {"amount": number_format(amount, force_grouping=True)},
    }


def _day(of: PreviewDay, currency: str, now: datetime) -> PriceDay:
    return PriceDay(words.title(of.service_date), [price_row(time, currency, now) for time in of.times])


def price_row(of: PreviewTime, currency: str, now: datetime) -> PriceRow:
    """Return one time as a row."""
    return PriceRow(
        when=_hours(of.answer.opens, of.answer.closes),
        flexible=of.answer.narrows_to_s > 0,
        cutoff=date_format(of.answer.cutoff, "D j M"),
        cutoff_state=_cutoff_state(of.answer.cutoff, now),
        neighbours="–" if of.neighbours is None else number_format(of.neighbours),
        base=money(of.answer.base_price_minor, currency),
        reason=str(of.answer.reason),
        offer=_offer(of, currency) if of.answer.open else None,
    )


def _cutoff_state(cutoff: datetime, now: datetime) -> str:
    sentence = _("%(time)s, still ahead") if now < cutoff else _("%(time)s, passed")
    return sentence % {"time": words.clock_time(cutoff)}


def _offer(of: PreviewTime, currency: str) -> PricedOffer:
    answer = of.answer
    return PricedOffer(
        discount=money(-of.discount_minor, currency),
        price=money(answer.price_minor, currency),
        tried="" if of.tried_minor is None else money(of.tried_minor, currency),
        metres=_("%(metres)s m") % {"metres": number_format(answer.added_m, force_grouping=True)},
        seconds=_("%(seconds)s s") % {"seconds": number_format(answer.added_s, force_grouping=True)},
        band=_("up to %(distance)s") % {"distance": words.distance(answer.band_m)},
        pointed_out=answer.pointed_out,
        grams=_grams(answer.exact_grams),
        grams_shown=_("as %(grams)s") % {"grams": _grams(answer.grams)},
        vehicle=of.vehicle,
    )


def _grams(amount_g: int) -> str:
    return _("%(grams)s g") % {"grams": number_format(amount_g, force_grouping=True)}


def _hours(opens: datetime, closes: datetime) -> str:
    return f"{words.clock_time(opens)}–{words.clock_time(closes)}"
