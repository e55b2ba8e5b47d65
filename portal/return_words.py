"""A shop's rules in sentences, and as schema.org says them: the same rules that decide."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.money import money
from returns.eligibility import LASTING, USUAL
from returns.reasons import CONDITIONS, METHODS, REASONS, RESOLUTIONS
from scheduling.bought import decimals_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.utils.functional import Promise
    from django.utils.safestring import SafeString

    from returns.eligibility import Policy

ORG: Final = "https://schema.org/"
WAYS: Final = {"pickup": "ReturnByMail", "swap": "ReturnByMail", "dropoff": "ReturnAtKiosk"}
KINDS: Final = {
    "refund": "FullRefund",
    "keep": "FullRefund",
    "exchange": "ExchangeRefund",
    "replacement": "ExchangeRefund",
    "credit": "StoreCreditRefund",
}
ESCAPES: Final = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}
"""What would end a script within its own text."""


@dataclass(frozen=True, slots=True)
class RuleTold:
    """One rule, as customers read it before they buy."""

    name: str
    about: tuple[str, ...]
    terms: tuple[str, ...]


def told(policies: Iterable[Policy], *, final_sale: bool = False) -> list[RuleTold]:
    """Return rules in sentences; of an item in final sale what remains of them."""
    return [RuleTold(_name(each), tuple(_about(each)), tuple(_terms(each, final_sale))) for each in policies]


def _name(policy: Policy) -> str:
    return _("Everything") if policy.name == USUAL.name else policy.name


def _about(policy: Policy) -> list[str]:
    """Say what a rule is about; nothing where it is about everything."""
    said = []
    for values, sentence in (
        (policy.categories, _("Of these kinds: %(names)s.")),
        (policy.skus, _("These articles: %(names)s.")),
        (policy.tags, _("Marked: %(names)s.")),
        (policy.countries, _("Delivered to: %(names)s.")),
    ):
        if values:
            said.append(sentence % {"names": ", ".join(values)})
    least, below = policy.value_from_minor, policy.value_below_minor
    if least:
        said.append(_("Costs %(price)s or more.") % {"price": money(least, policy.currency)})
    if below is not None:
        said.append(_("Costs less than %(price)s.") % {"price": money(below, policy.currency)})
    if policy.discount_from_percent is not None:
        said.append(_("Reduced by %(percent)d %% or more.") % {"percent": policy.discount_from_percent})
    if policy.returns_from is not None:
        said.append(
            ngettext(
                "If you sent something back %(times)d time or more within a year.",
                "If you sent something back %(times)d times or more within a year.",
                policy.returns_from,
            )
            % {"times": policy.returns_from}
        )
    return said


def _terms(policy: Policy, final_sale: bool) -> list[str]:
    """Say what a rule gives: the period first, what is asked, what you get, how it travels."""
    open_to_all = policy.accepts and not final_sale
    if not open_to_all and policy.fault_days is None:
        return [_no_way_back(final_sale)]
    said = [*(_period(policy) if open_to_all else [_no_way_back(final_sale)]), *_faults(policy)]
    if open_to_all:
        said += _asked(policy)
    if policy.photo_for:
        said.append(
            _("We ask for a photo where you say: %(names)s.") % {"names": _listed(policy.photo_for, REASONS)}
        )
    said.append(_("You get: %(names)s.") % {"names": _listed(policy.resolutions, RESOLUTIONS)})
    return said + _travels(policy)


def _no_way_back(final_sale: bool) -> str:
    return _("It is sold without a way back.") if final_sale else _("It cannot be sent back.")


def _period(policy: Policy) -> list[str]:
    sentence = (
        ngettext(
            "You can send it back within %(days)d day of your order.",
            "You can send it back within %(days)d days of your order.",
            policy.days,
        )
        if policy.starts == "order"
        else ngettext(
            "You can send it back within %(days)d day of its delivery.",
            "You can send it back within %(days)d days of its delivery.",
            policy.days,
        )
    )
    return [
        sentence % {"days": policy.days},
        *(
            _("What you order from %(first)s to %(last)s, you can send back until %(until)s at least.")
            % {"first": _day(each.first), "last": _day(each.last), "until": _day(each.until)}
            for each in policy.holidays
        ),
    ]


def _faults(policy: Policy) -> list[str]:
    if policy.fault_days is None:
        return []
    reasons = _listed([each for each in REASONS if each in LASTING], REASONS)
    sentence = (
        ngettext(
            "At fault: within %(days)d day of your order in any case (%(names)s).",
            "At fault: within %(days)d days of your order in any case (%(names)s).",
            policy.fault_days,
        )
        if policy.starts == "order"
        else ngettext(
            "At fault: within %(days)d day of its delivery in any case (%(names)s).",
            "At fault: within %(days)d days of its delivery in any case (%(names)s).",
            policy.fault_days,
        )
    )
    return [sentence % {"days": policy.fault_days, "names": reasons}]


def _asked(policy: Policy) -> list[str]:
    said = []
    if policy.reasons:
        said.append(_("For these reasons: %(names)s.") % {"names": _listed(policy.reasons, REASONS)})
    if policy.conditions:
        said.append(_("In this condition: %(names)s.") % {"names": _listed(policy.conditions, CONDITIONS)})
    if policy.per_order_most is not None:
        said.append(
            ngettext(
                "No more than %(most)d thing of an order, those at fault left out.",
                "No more than %(most)d things of an order, those at fault left out.",
                policy.per_order_most,
            )
            % {"most": policy.per_order_most}
        )
    return said


def _travels(policy: Policy) -> list[str]:
    said = []
    for way in policy.methods:
        fee = policy.fees_minor.get(way, 0)
        price = money(fee, policy.currency) if fee else _("free")
        said.append(_("%(way)s: %(price)s.") % {"way": METHODS[way], "price": price})
    if "swap" in policy.methods:
        said.append(_("Only what you get something else for is swapped."))
    if any(policy.fees_minor.values()):
        said.append(_("Free where the fault is the shop’s."))
    return said


def _listed(names: Iterable[str], words: Mapping[str, str | Promise]) -> str:
    return "; ".join(str(words[name]) for name in names)  # some have a comma in them


def _day(day: tuple[int, int]) -> str:
    return date_format(date(2001, *day), "j F")


# For search engines and assistants: the same rules in schema.org's words.


def as_schema(policies: Sequence[Policy], *, shop: str, url: str, final_sale: bool = False) -> SafeString:
    """Return rules as a block of JSON-LD (schema.org/MerchantReturnPolicy): data, which no browser runs."""
    found = {
        "@context": ORG.rstrip("/"),
        "@type": "Organization",
        "name": shop,
        "hasMerchantReturnPolicy": [_schema(each, url, final_sale) for each in policies],
    }
    text = json.dumps(found, ensure_ascii=False).translate(ESCAPES)
    # Escaped by hand: HTML's own escapes mean nothing within a script.
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308


def _schema(policy: Policy, url: str, final_sale: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "@type": "MerchantReturnPolicy",
        "name": _name(policy),
        "merchantReturnLink": url,
    }
    if policy.countries:
        told["applicableCountry"] = list(policy.countries)
    if final_sale or not policy.accepts:
        return told | {"returnPolicyCategory": f"{ORG}MerchantReturnNotPermitted"}
    fees = {way: policy.fees_minor.get(way, 0) for way in policy.methods}
    told |= {
        "returnMethod": list(dict.fromkeys(f"{ORG}{WAYS[way]}" for way in policy.methods)),
        "refundType": sorted({f"{ORG}{KINDS[each]}" for each in policy.resolutions}),
        "itemDefectReturnFees": f"{ORG}FreeReturn",
        "customerRemorseReturnFees": f"{ORG}{'ReturnShippingFees' if all(fees.values()) else 'FreeReturn'}",
    }
    if fees and all(fees.values()):
        told["customerRemorseReturnShippingFeesAmount"] = _amount(min(fees.values()), policy.currency)
    if policy.starts == "order":  # schema.org counts from the delivery alone
        return told | {"returnPolicyCategory": f"{ORG}MerchantReturnUnspecified"}
    return told | {
        "returnPolicyCategory": f"{ORG}MerchantReturnFiniteReturnWindow",
        "merchantReturnDays": policy.days,
    }


def _amount(minor: int, currency: str) -> dict[str, Any]:
    places = decimals_of(currency)
    value = f"{minor / 10**places:.{places}f}"
    return {"@type": "MonetaryAmount", "value": value, "currency": currency}
