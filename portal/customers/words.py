"""Numbers and instants as a shopper reads them. Pure: units in, sentences out."""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal.money import money as money  # a word like the others here

NEAREST_BAND_M = 250


def kilometres(metres: int) -> str:
    """Return metres, in steps of a quarter kilometre, without zeros that say nothing: 1250 -> 1.25 km."""
    return _kilometres(metres, get_language())


# A page of times says the same few hours, days and distances again and again: they are put into words once.


@lru_cache(maxsize=1024)
def _kilometres(metres: int, _language: str | None) -> str:
    amount = number_format((Decimal(metres) / 1000).quantize(Decimal("0.01")).normalize(), use_l10n=True)
    return gettext("%(amount)s km") % {"amount": amount}


def distance(band_m: int) -> str:
    """Return a band, by where it ends, within a sentence: 250 -> less than 0.25 km, 1000 -> up to 1 km."""
    words = gettext("less than %(km)s") if band_m <= NEAREST_BAND_M else gettext("up to %(km)s")
    return words % {"km": kilometres(band_m).replace(" ", "\u00a0")}


def average(mean_m: int) -> str:
    """Return a mean of bands within a sentence: 1750 -> about 1.75 km."""
    return gettext("about %(km)s") % {"km": kilometres(mean_m).replace(" ", "\u00a0")}


def more_driving(band_m: int) -> str:
    """Return a band as a sentence of its own: Less than 0.25 km more."""
    return capital(gettext("%(distance)s more.") % {"distance": distance(band_m)})


def grams(amount_g: int) -> str:
    """Return grams to the nearest ten, since they come from bands: 173 -> 170 g CO₂e."""
    return gettext("%(amount)s g CO₂e") % {"amount": number_format(round(amount_g, -1), force_grouping=True)}


def parcels(count: int) -> str:
    """Return 2 parcels."""
    return ngettext("%(count)d parcel", "%(count)d parcels", count) % {"count": count}


def orders(numbers: list[str]) -> str:
    """Return Order 10482, or Orders 10482 and 10483; nothing for none."""
    known = {"numbers": listed(numbers)}
    return ngettext("Order %(numbers)s", "Orders %(numbers)s", len(numbers)) % known if numbers else ""


def load(count: int, load_g: int) -> str:
    """Return what is delivered: 2 parcels, 9 kg."""
    return gettext("%(parcels)s, %(weight)s") % {"parcels": parcels(count), "weight": weight(load_g)}


class Addressed(Protocol):
    """An address, as a row or as facts."""

    @property
    def line(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def postcode(self) -> str: ...
    @property
    def city(self) -> str: ...


def place(address: Addressed) -> str:
    """Return Korkeavuorenkatu 21, B 14, 00130 Helsinki."""
    town = f"{address.postcode} {address.city}".strip()
    return ", ".join(filter(None, [address.line, address.unit.replace(" ", "\u00a0"), town]))


def weight(load_g: int) -> str:
    """Return grams as kilograms: 9000 -> 9 kg, 500 -> 0.5 kg."""
    amount = (Decimal(load_g) / 1000).quantize(Decimal("0.1")).normalize()
    return gettext("%(amount)s kg") % {"amount": number_format(amount, force_grouping=True)}


def phone(number: object) -> str:
    """Return a phone number as people write it, or nothing."""
    return str(getattr(number, "as_international", "") or "")


class Contactable(Protocol):
    """Somebody with an e-mail address, a phone, or both."""

    contact_email: str
    contact_phone: Any


def reached(by: Contactable) -> str:
    """Return an e-mail address and a phone number as one line."""
    return ", ".join(filter(None, [by.contact_email, phone(by.contact_phone)]))


def _dated(at: date, pattern: str) -> str:
    # Two zones' datetimes may be equal while their clocks differ: what is remembered has no zone.
    plain = at.replace(tzinfo=None) if isinstance(at, datetime) else at
    return _dated_in(plain, pattern, get_language())


@lru_cache(maxsize=4096)
def _dated_in(at: date, pattern: str, _language: str | None) -> str:
    return date_format(at, pattern)


def clock_time(at: datetime) -> str:
    """Return a local time: 8:00."""
    return _dated(at, "G:i")


def hours(opens: datetime, closes: datetime) -> str:
    """Return local times in full: 10:00–12:00."""
    return f"{clock_time(opens)}–{clock_time(closes)}"


def short_hours(opens: datetime, closes: datetime) -> str:
    """Return local times without what everybody fills in: 10–12."""
    if opens.minute == closes.minute == 0:
        return f"{_dated(opens, 'G')}–{_dated(closes, 'G')}"
    return hours(opens, closes)


def short_day(day: date) -> str:
    """Return Thu 26 Nov."""
    return _dated(day, "D j M")


def long_day(day: date) -> str:
    """Return Thursday 26 November."""
    return _dated(day, "l j F")


def long_weekday(day: date) -> str:
    """Return Thursday."""
    return _dated(day, "l")


def weekday(day: date) -> str:
    """Return Thu."""
    return _dated(day, "D")


def month(day: date) -> str:
    """Return November."""
    return _dated(day, "F")


def listed(parts: list[str]) -> str:
    """Return words joined by commas, the last by "and"."""
    if len(parts) < 2:
        return "".join(parts)
    return gettext("%(first)s and %(last)s") % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def long_moment(at: datetime) -> str:
    """Return Wednesday 25 November, 18:00."""
    return gettext("%(day)s, %(time)s") % {"day": long_day(at), "time": clock_time(at)}


def short_moment(at: datetime) -> str:
    """Return Wed 25 Nov, 18:00."""
    return gettext("%(day)s, %(time)s") % {"day": short_day(at), "time": clock_time(at)}


def narrowing(seconds: int) -> str:
    """Say what a flexible window becomes: The evening before we write you which 2 hours of it."""
    return gettext("The evening before we write you which %(part)s of it.") % {"part": part_of_day(seconds)}


def part_of_day(seconds: int) -> str:
    """Return 2 hours, or 90 minutes."""
    hours, rest = divmod(seconds, 3600)
    if rest:
        return ngettext("%(count)d minute", "%(count)d minutes", seconds // 60) % {"count": seconds // 60}
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


def minutes(count: int) -> str:
    """Return 3 minutes."""
    return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}


def time_left(seconds: int) -> str:
    """Return whole minutes as words; below two minutes, 1 minute: nobody is promised more than there is."""
    return minutes(max(1, seconds // 60))


def capital(sentence: str) -> str:
    """Return `sentence` beginning with a capital letter."""
    return sentence[:1].upper() + sentence[1:]


TAGS: dict[str, str | Promise] = {
    "least_driving": _("Least driving"),
    "soonest": _("Soonest"),
    "cheapest": _("Cheapest"),
}
