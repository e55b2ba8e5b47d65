"""What returns came to, in words and in rows."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.money import money
from portal.sheets import harmless
from returns.reasons import DISPOSITIONS, REASONS
from returns.selectors.figures import Driven, Figures, Speed

SHOWN_SKUS = 20
HOUR_S, DAY_S = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Bar:
    """One line with a bar: `share` is its length in percent of the longest."""

    name: str
    hint: str
    count: str
    share: int
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """All that the page says; `headline` is empty where nothing came back."""

    headline: str
    more: list[str]
    reasons: list[Bar]
    things: list[Bar]
    left_out: str
    speeds: list[tuple[str, str]]
    driven: list[str]


def told(found: Figures, currency: str) -> Told:
    """Return figures for reading."""
    return Told(
        headline=headline(found),
        more=list(_more(found, currency)),
        reasons=_reasons(found),
        things=_things(found),
        left_out=_left_out(found),
        speeds=[(_disposition(each.disposition), _speed(each)) for each in found.speeds],
        driven=list(_driven(found.driven)),
    )


def headline(found: Figures) -> str:
    """Return the one sentence, empty where nothing came back."""
    if not found.returns:
        return ""
    sentence = ngettext(
        "%(things)s thing came back, or is about to, in %(returns)s.",
        "%(things)s things came back, or are about to, in %(returns)s.",
        found.things,
    )
    returns = ngettext("%(n)s return", "%(n)s returns", found.returns) % {"n": _number(found.returns)}
    return sentence % {"things": _number(found.things), "returns": returns}


def _more(found: Figures, currency: str) -> Iterator[str]:
    if found.exchanged:
        percent = round(100 * found.exchanged / found.things)
        yield _("For %(percent)d%% of them something else, or the same again, was wanted.") % {
            "percent": percent
        }
    if found.paid_back_minor:
        yield _("%(amount)s was paid back.") % {"amount": money(found.paid_back_minor, currency)}


def _reasons(found: Figures) -> list[Bar]:
    counts: dict[str, int] = {}
    for sku in found.skus:
        for reason, count in sku.reasons:
            counts[reason] = counts.get(reason, 0) + count
    most = max(counts.values(), default=1)
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    return [Bar(_reason(reason), "", _number(n), round(100 * n / most)) for reason, n in ordered]


def _things(found: Figures) -> list[Bar]:
    most = max((each.count for each in found.skus), default=1)
    return [
        Bar(
            each.name,
            each.sku,
            _number(each.count),
            round(100 * each.count / most),
            tuple(f"{_reason(reason)}: {_number(count)}" for reason, count in each.reasons),
        )
        for each in found.skus[:SHOWN_SKUS]
    ]


def _left_out(found: Figures) -> str:
    more = len(found.skus) - SHOWN_SKUS
    if more <= 0:
        return ""
    sentence = ngettext("%(n)s more thing is in the file.", "%(n)s more things are in the file.", more)
    return sentence % {"n": _number(more)}


def _speed(each: Speed) -> str:
    """Say how long it took; once, where the quick and the slow sound alike (a single line always does)."""
    said = {
        "n": _number(each.count),
        "median": lasting(each.median_s),
        "slow": lasting(each.slowest_tenth_s),
    }
    if said["median"] == said["slow"]:
        alike = ngettext("%(n)s line: within %(slow)s", "%(n)s lines: within %(slow)s", each.count)
        return alike % said
    sentence = ngettext(
        "%(n)s line: half of them within %(median)s, nine of ten within %(slow)s",
        "%(n)s lines: half of them within %(median)s, nine of ten within %(slow)s",
        each.count,
    )
    return sentence % said


def _driven(driven: Driven) -> Iterator[str]:
    if not driven.pickups:
        return
    sentence = ngettext(
        "%(n)s pickup has been driven: %(km)s km and %(grams)s g CO₂e stand for it.",
        "%(n)s pickups have been driven: on average %(km)s km and %(grams)s g CO₂e stand for each.",
        driven.pickups,
    )
    yield sentence % {
        "n": _number(driven.pickups),
        "km": number_format(driven.metres / driven.pickups / 1000, decimal_pos=2),
        "grams": _number(round(driven.grams / driven.pickups)),
    }
    yield _("A trip for it alone, there and back, would have been at least %(km)s km.") % {
        "km": number_format(driven.alone_m / driven.pickups / 1000, decimal_pos=2)
    }


def lasting(seconds: int) -> str:
    """Return how long something took, in hours below two days."""
    if seconds < 2 * DAY_S:
        hours = max(1, round(seconds / HOUR_S))
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    days = round(seconds / DAY_S)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def csv_rows(found: Figures) -> Iterator[list[object]]:
    """Yield the rows of the table for programs: one for each thing and reason."""
    yield ["first", "last", "sku", "name", "reason", "count"]
    for each in found.skus:
        for reason, count in each.reasons:
            yield [found.first, found.last, harmless(each.sku), harmless(each.name), reason, count]


def _reason(code: str) -> str:
    return str(REASONS.get(code, code))


def _disposition(code: str) -> str:
    return str(DISPOSITIONS.get(code, code)) or _("Not said")


def _number(count: int) -> str:
    return str(number_format(count, force_grouping=True))
