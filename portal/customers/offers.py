"""Offers as rows: what a time says of itself, in words that claim no more than its bands."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.customers import words
from portal.customers.neighbours import near_you
from portal.customers.rows import Day, Row, Tag
from scheduling.answers import SlotAnswer
from scheduling.selectors.slots import DayView, OfferView, QuoteView, SuggestionView

BAND_M = 250
LITTLE_M = 1000
"""The day's least is only called little up to here: on a far day even the least is a lot."""
OUTSIDE = "outside"
"""The status of a time that only waits for a safe place."""
LEAST_GRAMS = 10  # below this, "about 0 g less" would say nothing

NO_ROOM: dict[str, str | Promise] = {
    "taken": gettext_lazy("full"),
    "no_time": gettext_lazy("full"),
    "range": gettext_lazy("full"),
    "access": gettext_lazy("no access"),
    "cap": gettext_lazy("full"),
    "allotment": gettext_lazy("full"),
    "depot_full": gettext_lazy("full"),
    "reserved": gettext_lazy("kept"),
    "cutoff": gettext_lazy("too late"),
    "packing": gettext_lazy("too soon"),
    "blackout": gettext_lazy("no vans"),
    "not_yet": gettext_lazy("not yet"),
    "outside": gettext_lazy("outside only"),
}


@dataclass(frozen=True, slots=True)
class Times:
    """All that the list of times shows: suggestions, the strip of days, and the one day that is open.

    `outside` says which times more there were if it might be left outside, `outside_url` where to say so.
    `already` says what the time has that is moved, where it would itself be suggested.
    """

    suggestions: list[Row]
    already: str
    days: list[Day]
    rows: list[Row]
    open_day: str
    has_room: bool
    nothing: str
    outside: str
    outside_url: str


@dataclass(frozen=True, slots=True)
class Pricing:
    """Whose price it is, the key of the time kept right now, and the time given up where one is moved.

    `unpriced`: what it costs was said before, the same for all times.
    """

    shop: str
    currency: str
    kept_key: str = ""
    present: "Present | None" = None
    unpriced: bool = False

    def price(self, price_minor: int) -> str:
        """Return €2.50, or nothing where prices are none of the times'."""
        return "" if self.unpriced else words.money(price_minor, self.currency)

    def line(self, price_minor: int) -> str:
        """Return €2.50, paid to Nordkaupa."""
        if self.unpriced:
            return ""
        price = words.money(price_minor, self.currency)
        return _("%(price)s, paid to %(shop)s") % {"price": price, "shop": self.shop}


@dataclass(frozen=True, slots=True)
class Present:
    """The time which a delivery has now, against which others are compared. `boundary` as the offers'."""

    key: str
    price_minor: int
    band_m: int
    grams: int
    boundary: str = ""


def times_of(
    quote: QuoteView, *, pricing: Pricing, chosen_day: date | None, url: str, may_ask: bool = False
) -> Times:
    """Return a quote's times as rows; the open day is the chosen one, else the best suggestion's.

    `may_ask`: whether the page has a place to say that it may be left outside.
    """
    open_day = day_to_open(quote, chosen_day)
    shown = next((day for day in quote.days if day.date == open_day), None)
    present = pricing.present.key if pricing.present else ""
    others = [one for one in quote.suggestions if one.offer.answer.key != present]
    return Times(
        suggestions=[suggestion_row(each, i, pricing) for i, each in enumerate(others)],
        already=already_has(one for one in quote.suggestions if one.offer.answer.key == present),
        days=[day_of(day, pricing, url, is_open=day.date == open_day) for day in quote.days],
        rows=[offer_row(offer, i, pricing) for i, offer in enumerate(in_order(shown) if shown else ())],
        open_day=words.long_day(open_day) if open_day else "",
        has_room=quote.any_available,
        nothing=nothing_sentence(quote, may_ask=may_ask),
        outside=more_outside(shown, pricing.currency) if shown and may_ask else "",
        outside_url=f"{url}?day={open_day.isoformat()}&door=open#door" if open_day else "",
    )


def already_has(suggestions: Iterable[SuggestionView]) -> str:
    """Say what makes the time that is moved a good one, so that nobody looks for it among the others."""
    tags = [str(words.TAGS[tag]).lower() for one in suggestions for tag in earned_by(one)]
    return _("Your time now: %(tags)s.") % {"tags": words.listed(tags)} if tags else ""


def drawn(quote: QuoteView, *, day: date | None) -> list[SlotAnswer]:
    """Return the times that a page draws: those put first, and those of the day that is open, if one is."""
    shown = next((found for found in quote.days if found.date == day), None)
    listed = in_order(shown) if shown else []
    return [one.answer for one in (*(first.offer for first in quote.suggestions), *listed)]


def more_outside(day: DayView, currency: str) -> str:
    """Say how many times more a day has for what may be left outside, and from which price."""
    bases = [o.answer.base_price_minor for o in day.offers if o.answer.status == OUTSIDE]
    if not bases:
        return ""
    sentence = ngettext(
        "%(count)d more time if we may leave it outside, from %(price)s",
        "%(count)d more times if we may leave it outside, from %(price)s",
        len(bases),
    )
    return sentence % {"count": len(bases), "price": words.money(min(bases), currency)}


def in_order(day: DayView) -> list[OfferView]:
    """Return a day's times as they are listed: by hours; last those that become exact or need nobody.

    Times that only wait for a safe place are told of in one line below.
    """
    listed = [offer for offer in day.offers if offer.answer.status != OUTSIDE]
    return sorted(listed, key=lambda offer: offer.answer.narrows_to_s > 0 or offer.answer.unattended)


def day_to_open(quote: QuoteView, chosen: date | None) -> date | None:
    """Return the day to show: the one asked for, else where least driving is, else the first."""
    dates = [day.date for day in quote.days]
    if chosen in dates:
        return chosen
    if quote.suggestions:
        return quote.suggestions[0].offer.answer.service_date
    return dates[0] if dates else None


def nothing_sentence(quote: QuoteView, *, may_ask: bool = False) -> str:
    """Say when there is room again, where none of these days has any."""
    if quote.any_available:
        return ""
    if may_ask and any(o.answer.status == OUTSIDE for day in quote.days for o in day.offers):
        return _("But there are times if we may leave it outside: say so above.")
    if quote.next_day_with_room is None:
        return _("There is no time left in the next two weeks. A new day opens every day: look again.")
    day = words.long_day(quote.next_day_with_room)
    sentence = _("The next day with room is %(day)s. Come back when it is one of the seven days below.")
    return sentence % {"day": day}


def day_of(day: DayView, pricing: Pricing, url: str, *, is_open: bool) -> Day:
    """Return one day of the strip with its best price, or why there is none."""
    best = day.best_price_minor
    return Day(
        date=day.date,
        weekday=words.weekday(day.date),
        number=day.date.day,
        month=words.month(day.date),
        note=str(NO_ROOM.get(day.why, _("full"))) if best is None else pricing.price(best) or _("open"),
        url=f"{url}{'&' if '?' in url else '?'}day={day.date.isoformat()}#days",
        open=is_open,
        has_room=best is not None,
    )


def suggestion_row(suggestion: SuggestionView, index: int, pricing: Pricing) -> Row:
    """Return a time that is put first, with its tags and its reason in full."""
    offer, answer = suggestion.offer, suggestion.offer.answer
    when = f"{words.short_day(offer.opens)} {words.short_hours(offer.opens, offer.closes)}"
    earned = [tag for tag in earned_by(suggestion) if not (pricing.unpriced and tag == "cheapest")]
    tags = tuple(Tag(str(words.TAGS[tag]), "good" if tag == "least_driving" else "") for tag in earned)
    tags += unattended(answer)
    reason = driving(answer) if pricing.present else because(answer, earned)
    why = [reason, narrowing(answer), against(answer, pricing)]
    choice = f"{words.short_day(offer.opens)} {words.hours(offer.opens, offer.closes)}"
    shown = row(offer, f"suggestion-{index}", when, choice, tags=tags, why=why, pricing=pricing)
    return replace(shown, group="suggestion")


def earned_by(suggestion: SuggestionView) -> list[str]:
    """Return its tags. Where all times add as much, none of them is the one with the least driving."""
    less = adds_less(suggestion.offer.answer)
    return [tag for tag in suggestion.tags if tag != "least_driving" or less]


def offer_row(offer: OfferView, index: int, pricing: Pricing) -> Row:
    """Return a time of the open day; one that can't be chosen says why."""
    when = words.hours(offer.opens, offer.closes)
    if not offer.available:
        return Row(id=f"time-{index}", when=when, why=str(offer.reason))
    answer = offer.answer
    present = pricing.present is not None and answer.key == pricing.present.key
    tags = [Tag(_("Your time now"))] if present else []
    if answer.key == pricing.kept_key:
        tags.append(Tag(_("Kept for you")))
    little = answer.pointed_out and answer.band_m <= LITTLE_M
    if little:
        tags.append(Tag(_("Little driving"), "good"))
    near = near_you(answer) if little else ""
    if answer.narrows_to_s:
        tags.append(Tag(_("Flexible")))
    tags += unattended(answer)
    why = [narrowing(answer), words.more_driving(answer.band_m), near, against(answer, pricing)]
    choice = f"{words.short_day(offer.opens)} {when}"
    return row(offer, f"time-{index}", when, choice, tags=tuple(tags), why=why, pricing=pricing)


def row(
    offer: OfferView,
    name: str,
    when: str,
    choice: str,
    *,
    tags: tuple[Tag, ...],
    why: Iterable[str],
    pricing: Pricing,
) -> Row:
    """Return a time that can be chosen; `choice` is its name wherever it stands: Thu 26 Nov 10:00–12:00."""
    price = offer.answer.price_minor
    return Row(
        id=name,
        key=offer.answer.key,
        when=when,
        offer=offer.token,
        price=pricing.price(price),
        percent=offer.share_percent,
        tags=tags,
        why=" ".join(filter(None, why)),
        choice=choice,
        price_line=pricing.line(price),
    )


def unattended(answer: SlotAnswer) -> tuple[Tag, ...]:
    """Mark a time at which nobody needs to be at home."""
    return (Tag(_("Nobody at home needed")),) if answer.unattended else ()


def narrowing(answer: SlotAnswer) -> str:
    """Say what becomes of a flexible window."""
    return words.narrowing(answer.narrows_to_s) if answer.narrows_to_s else ""


def adds_less(answer: SlotAnswer) -> bool:
    """Whether a time adds less driving than the others do on average."""
    return answer.mean_band_m is not None and answer.band_m < answer.mean_band_m


def because(answer: SlotAnswer, tags: Iterable[str]) -> str:
    """Return why a time is put first: what it adds, against the other times where that says something."""
    if "least_driving" in tags:
        return " ".join(filter(None, [driving(answer), near_you(answer), fewer_grams(answer)]))
    first = _("Soonest we can be there.") if "soonest" in tags else ""
    first = first or (_("Lowest price.") if "cheapest" in tags else "")
    return f"{first} {words.more_driving(answer.band_m)}".strip()


def driving(answer: SlotAnswer) -> str:
    """Return what a time adds, instead of what the others add on average."""
    usual_m = nearest_band(answer.mean_band_m)
    if usual_m <= answer.band_m:
        return words.more_driving(answer.band_m)
    sentence = (
        _("We are already passing: %(this)s more, instead of %(usual)s.")
        if answer.passing
        else _("%(this)s more, instead of %(usual)s.")
    )
    said = {"this": words.distance(answer.band_m), "usual": words.average(usual_m)}
    return words.capital(sentence % said)


def nearest_band(mean_m: int | None) -> int:
    """Return a mean as a band, so that no sentence is finer than what it compares; 0 where there is none."""
    return 0 if mean_m is None else max(BAND_M, round(mean_m / BAND_M) * BAND_M)


def fewer_grams(answer: SlotAnswer) -> str:
    """Return grams against the average of the other times counted the same way."""
    if answer.mean_grams is None or answer.mean_grams - answer.grams < LEAST_GRAMS:
        return ""
    saved = words.grams(answer.mean_grams - answer.grams)
    return _("About %(saved)s less than the average of the other times.") % {"saved": saved}


def against(answer: SlotAnswer, pricing: Pricing) -> str:
    """Return what changes against the time a delivery has now: price, driving, grams."""
    present = pricing.present
    if present is None or answer.key == present.key:
        return ""
    difference = answer.price_minor - present.price_minor
    parts = [] if pricing.unpriced else [price_change(difference, pricing.currency)]
    parts.append(distance_change(answer.band_m - present.band_m))
    if present.boundary == answer.boundary:
        parts.append(grams_change(answer.grams - present.grams))
    changes = words.listed([part for part in parts if part])
    return _("Against now: %(changes)s.") % {"changes": changes or _("the same")}


def price_change(difference_minor: int, currency: str) -> str:
    """Return €1.00 more, €1.00 less, or the same price."""
    if difference_minor == 0:
        return _("the same price")
    sentence = _("%(amount)s more") if difference_minor > 0 else _("%(amount)s less")
    return sentence % {"amount": words.money(abs(difference_minor), currency)}


def distance_change(difference_m: int) -> str:
    """Return about 0.5 km more driving, less driving, or nothing where the bands are the same."""
    if difference_m == 0:
        return ""
    sentence = _("about %(km)s more driving") if difference_m > 0 else _("about %(km)s less driving")
    return sentence % {"km": words.kilometres(abs(difference_m))}


def grams_change(difference_g: int) -> str:
    """Return about 170 g CO₂e more or less, or nothing where it rounds to nothing."""
    if abs(difference_g) < LEAST_GRAMS:
        return ""
    sentence = _("about %(grams)s more") if difference_g > 0 else _("about %(grams)s less")
    return sentence % {"grams": words.grams(abs(difference_g))}
