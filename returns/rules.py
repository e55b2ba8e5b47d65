"""A shop's rules as they are written down: read strictly, each error told at its field."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _

from returns.eligibility import Holiday, Policy
from returns.errors import BadRules
from returns.reasons import CONDITIONS, GIVEN_FOR_IT, REASONS, RESOLUTIONS, TRAVELS

MOST_RULES: Final = 50
MOST_LISTED: Final = 200
MOST_NAME: Final = 80
MOST_WORD: Final = 120
MOST_DAYS: Final = 3650
MOST_MINOR: Final = 1_000_000_000
MOST_HOLIDAYS: Final = 10
STARTS: Final = ("delivery", "order")
MONTH_DAY: Final = re.compile("[0-9]{2}-[0-9]{2}")


class _Wrong(Exception):
    """A value that can't be read; the message says what belongs there."""


def policies_from(written: object, *, currency: str = "EUR") -> tuple[Policy, ...]:
    """Return the rules that a list of JSON objects stands for, in its order; money is of `currency`.

    Fields are those of Policy; each but `name` may be left out. Raises BadRules, whose `errors` say for each
    field, such as `rules.0.days`, what is wrong with it.
    """
    if not isinstance(written, list):
        raise BadRules({"rules": _("Write a list of rules.")})
    if len(written) > MOST_RULES:
        raise BadRules({"rules": _("Write %(most)d rules at most.") % {"most": MOST_RULES}})
    errors: dict[str, str] = {}
    read = [_policy(each, f"rules.{number}", currency, errors) for number, each in enumerate(written)]
    found = [policy for policy in read if policy is not None]
    if not errors:
        errors.update(_of_all(found))
    if errors:
        raise BadRules(errors)
    return tuple(found)


def _policy(written: object, at: str, currency: str, errors: dict[str, str]) -> Policy | None:
    if not isinstance(written, dict):
        errors[at] = _("Write a rule as an object.")
        return None
    values: dict[str, Any] = {}
    before = len(errors)
    for name, value in written.items():
        reader = READERS.get(name) if isinstance(name, str) else None
        if reader is None:
            errors[f"{at}.{str(name)[:MOST_NAME]}"] = _("We know no such field.")
            continue
        try:
            values[name] = reader(value)
        except _Wrong as error:
            errors[f"{at}.{name}"] = str(error)
    if "name" not in written:
        errors[f"{at}.name"] = _("Give the rule a name: your customers read it.")
    if len(errors) > before:
        return None
    policy = Policy(**values, currency=currency)
    errors.update({f"{at}.{name}": error for name, error in _of_one(policy).items()})
    return policy


def _of_one(policy: Policy) -> dict[str, str]:
    """Say which fields of a rule don't go together."""
    errors = {}
    least, below = policy.value_from_minor, policy.value_below_minor
    if least is not None and below is not None and least >= below:
        errors["value_below_minor"] = _("This must be more than where the value begins.")
    if policy.accepts and policy.fault_days is not None and policy.fault_days < policy.days:
        errors["fault_days"] = _("Goods at fault come back for as long as others, at least.")
    if not policy.accepts and policy.fault_days is None:
        return errors
    if not policy.resolutions:
        errors["resolutions"] = _("Choose at least one thing that customers get.")
    if not policy.methods and set(policy.resolutions) != {"keep"}:
        errors["methods"] = _("Choose at least one way for things to travel.")
    elif why := _why_no_swap(policy):
        errors["methods"] = why
    if unknown := set(policy.fees_minor) - set(policy.methods):
        errors["fees_minor"] = _("No fee for what is not offered: %(names)s.") % {
            "names": ", ".join(sorted(unknown))
        }
    return errors


def _why_no_swap(policy: Policy) -> str:
    """Say why a rule can't offer a swap at the door as it does; "" where it can, or does not."""
    given = set(policy.resolutions) & GIVEN_FOR_IT
    if "swap" not in policy.methods:
        return ""
    if not given:
        return _("Nothing is swapped at the door where customers get nothing else for it.")
    if policy.methods == ("swap",) and set(policy.resolutions) - given - {"keep"}:
        return _("Choose another way too: only what is exchanged can be swapped at the door.")
    return ""


def _of_all(policies: Sequence[Policy]) -> dict[str, str]:
    """Say which rules of a set share a name, or never come up since one above takes everything."""
    errors, seen, takes_all = {}, set[str](), ""
    for number, policy in enumerate(policies):
        at = f"rules.{number}.name"
        if policy.name.casefold() in seen:
            errors[at] = _("Another rule has this name.")
        elif takes_all:
            errors[at] = _("This never comes up: “%(rule)s” above takes everything.") % {"rule": takes_all}
        seen.add(policy.name.casefold())
        if fits_everything(policy):
            takes_all = takes_all or policy.name
    return errors


def fits_everything(policy: Policy) -> bool:
    """Whether a rule asks nothing of what is bought, by whom, and where it goes."""
    asked = (policy.value_below_minor, policy.discount_from_percent, policy.returns_from)
    listed = (policy.categories, policy.skus, policy.tags, policy.countries)
    return not any(listed) and not policy.value_from_minor and all(each is None for each in asked)


def written(policies: Sequence[Policy]) -> list[dict[str, Any]]:
    """Return rules as JSON, each field that differs from what is usual. policies_from reads it back."""
    usual = Policy(name="")
    return [
        {
            each.name: _plain(getattr(policy, each.name))
            for each in fields(Policy)
            if each.name != "currency" and getattr(policy, each.name) != getattr(usual, each.name)
        }
        for policy in policies
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Holiday):
        return {"from": _day(value.first), "to": _day(value.last), "until": _day(value.until)}
    return dict(value) if isinstance(value, Mapping) else value


def _day(day: tuple[int, int]) -> str:
    return f"{day[0]:02}-{day[1]:02}"


# Readers: each takes what stands in JSON and returns what Policy holds, or raises _Wrong.


def _word(most: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = " ".join(value.split()) if isinstance(value, str) else ""
        if not text or len(text) > most or not text.isprintable():
            raise _Wrong(_("Write 1 to %(most)d letters.") % {"most": most})
        return text

    return read


def _name(value: object) -> str:
    text = _word(MOST_NAME)(value)
    if text.casefold() == "usual":
        raise _Wrong(_("“Usual” is what holds where no rule is written. Choose another name."))
    return text


def _whole(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _Wrong(
                _("Write a whole number from %(least)d to %(most)d.") % {"least": least, "most": most}
            )
        return value

    return read


def _or_none(reader: Callable[[object], int]) -> Callable[[object], int | None]:
    return lambda value: None if value is None else reader(value)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(_("Write true or false."))
    return value


def _listed(reader: Callable[[object], str], most: int = MOST_LISTED) -> Callable[[object], tuple[str, ...]]:
    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise _Wrong(_("Write a list of %(most)d at most.") % {"most": most})
        found = tuple(map(reader, value))
        if len(set(found)) < len(found):
            raise _Wrong(_("Write each once."))
        return found

    return read


def _one_of(known: Mapping[str, str | LazyText] | Sequence[str]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise _Wrong(_("We know: %(known)s.") % {"known": ", ".join(known)})
        return value

    return read


def _country(value: object) -> str:
    if not (isinstance(value, str) and len(value) == 2 and value.isascii() and value.isupper()):
        raise _Wrong(_("Write countries by two capital letters, such as FI."))
    return value


def _fees(value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        raise _Wrong(_("Write a fee for each way, such as {“pickup”: 490}."))
    return {_one_of(TRAVELS)(way): _whole(0, MOST_MINOR)(fee) for way, fee in value.items()}


def _holidays(value: object) -> tuple[Holiday, ...]:
    if not isinstance(value, list) or len(value) > MOST_HOLIDAYS:
        raise _Wrong(_("Write a list of %(most)d at most.") % {"most": MOST_HOLIDAYS})
    return tuple(map(_holiday, value))


def _holiday(value: object) -> Holiday:
    if not isinstance(value, dict) or set(value) != {"from", "to", "until"}:
        raise _Wrong(_("Write from, to and until, each as month and day, such as 12-24."))
    return Holiday(_month_day(value["from"]), _month_day(value["to"]), _month_day(value["until"]))


def _month_day(value: object) -> tuple[int, int]:
    try:
        if not isinstance(value, str) or not MONTH_DAY.fullmatch(value):
            raise ValueError
        day = date.fromisoformat(f"2001-{value}")  # no leap year: a day of every year
    except ValueError as error:
        raise _Wrong(_("Write a day of every year as month and day, such as 12-24.")) from error
    return day.month, day.day


_AMOUNT: Final = _or_none(_whole(0, MOST_MINOR))
READERS: Final[Mapping[str, Callable[[object], object]]] = {
    "name": _name,
    "days": _whole(0, MOST_DAYS),
    "categories": _listed(_word(MOST_WORD)),
    "skus": _listed(_word(MOST_WORD)),
    "tags": _listed(_word(MOST_WORD)),
    "countries": _listed(_country),
    "value_from_minor": _AMOUNT,
    "value_below_minor": _AMOUNT,
    "discount_from_percent": _or_none(_whole(1, 100)),
    "returns_from": _or_none(_whole(1, 10_000)),
    "accepts": _yes_or_no,
    "starts": _one_of(STARTS),
    "fault_days": _or_none(_whole(0, MOST_DAYS)),
    "holidays": _holidays,
    "conditions": _listed(_one_of(CONDITIONS)),
    "reasons": _listed(_one_of(REASONS)),
    "per_order_most": _or_none(_whole(1, 10_000)),
    "resolutions": _listed(_one_of(RESOLUTIONS)),
    "methods": _listed(_one_of(TRAVELS)),
    "fees_minor": _fees,
    "photo_for": _listed(_one_of(REASONS)),
}
