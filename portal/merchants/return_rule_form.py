"""One rule for returns as fields: what it holds for, what it gives, what it costs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy

from portal.forms import PlainForm
from returns.errors import BadRules
from returns.reasons import CONDITIONS, REASONS, RESOLUTIONS, TRAVELS
from returns.rules import MOST_DAYS, MOST_NAME, policies_from, written
from scheduling.bought import MOST_MINOR, decimals_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import _StrPromise

    from returns.eligibility import Policy

MOST_LINES: Final = 30_000
LISTS: Final = ("categories", "skus", "tags", "countries")
WHOLE: Final = ("discount_from_percent", "returns_from", "fault_days", "per_order_most")
ASKED: Final = (*LISTS, "value_from", "value_below", "discount_from_percent", "returns_from")
CHOSEN: Final = ("conditions", "reasons", "resolutions", "methods", "photo_for")
FEES: Final = {"fee_pickup": "pickup", "fee_swap": "swap", "fee_dropoff": "dropoff"}
VALUES: Final = {"value_from": "value_from_minor", "value_below": "value_below_minor"}
FIELD_OF: Final = {
    "value_from_minor": "value_from",
    "value_below_minor": "value_below",
    "fees_minor": "fee_pickup",
}
"""Under which of our fields stands what is wrong with a rule's own, where they are not called alike."""


def _lines(label: _StrPromise, example: str | _StrPromise = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=example,
        max_length=MOST_LINES,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "field__input"}),
    )


def _number(label: _StrPromise, least: int, most: int, hint: str | _StrPromise = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=hint, min_value=least, max_value=most, required=False)


def _amount(label: _StrPromise, hint: str | _StrPromise = "") -> forms.DecimalField:
    return forms.DecimalField(label=label, help_text=hint, min_value=0, max_digits=12, required=False)


def _ticks(label: _StrPromise, known: Iterable[tuple[str, Any]], hint: str | _StrPromise = "") -> forms.Field:
    return forms.MultipleChoiceField(
        label=label, help_text=hint, choices=list(known), required=False, widget=forms.CheckboxSelectMultiple
    )


class RuleForm(PlainForm):
    """One rule. Money in whole units of `currency`; lists a line each; what is empty asks nothing."""

    problem_title = gettext_lazy("This rule can’t be kept yet")

    name = forms.CharField(
        label=gettext_lazy("Its name"),
        help_text=gettext_lazy("Customers read it: “Kitchen: 14 days”."),
        max_length=MOST_NAME,
        error_messages={"required": gettext_lazy("Give the rule a name: your customers read it.")},
    )
    accepts = forms.ChoiceField(
        label=gettext_lazy("What it decides"),
        choices=[
            ("yes", gettext_lazy("It may come back")),
            ("no", gettext_lazy("It stays")),
        ],
        widget=forms.RadioSelect,
        initial="yes",
    )
    categories = _lines(gettext_lazy("Categories"), gettext_lazy("One a line, such as kitchen"))
    skus = _lines(gettext_lazy("Article numbers (SKU)"), gettext_lazy("One a line, such as CUP-S"))
    tags = _lines(gettext_lazy("Tags"), gettext_lazy("One a line, such as sale"))
    countries = _lines(
        gettext_lazy("Countries it was brought to, by two letters"), gettext_lazy("One a line, such as FI")
    )
    value_from = _amount(gettext_lazy("Price from"))
    value_below = _amount(gettext_lazy("Price below"))
    discount_from_percent = _number(gettext_lazy("Reduced by at least, in percent"), 1, 100)
    returns_from = _number(
        gettext_lazy("Customers who sent back so often within a year, at least"), 1, 10_000
    )
    days = forms.IntegerField(
        label=gettext_lazy("So many days"), min_value=0, max_value=MOST_DAYS, initial=30
    )
    starts = forms.ChoiceField(
        label=gettext_lazy("Counted from"),
        choices=[("delivery", gettext_lazy("its delivery")), ("order", gettext_lazy("the order"))],
        widget=forms.RadioSelect,
        initial="delivery",
    )
    fault_days = _number(
        gettext_lazy("Days for goods at fault"),
        0,
        MOST_DAYS,
        gettext_lazy("Empty: as for all others. Goods at fault then come back whatever else this rule asks."),
    )
    holidays = _lines(
        gettext_lazy("Longer for presents"),
        gettext_lazy("One a line, as month-day: ordered from, to, back until. 11-15 12-24 01-31"),
    )
    conditions = _ticks(gettext_lazy("Only in these states"), CONDITIONS.items(), gettext_lazy("None: any."))
    reasons = _ticks(gettext_lazy("Only for these reasons"), REASONS.items(), gettext_lazy("None: any."))
    per_order_most = _number(gettext_lazy("At most so many pieces of an order"), 1, 10_000)
    resolutions = _ticks(gettext_lazy("What customers get"), RESOLUTIONS.items())
    methods = _ticks(gettext_lazy("How it travels"), TRAVELS.items())
    fee_pickup = _amount(gettext_lazy("What a pickup costs its customer"))
    fee_swap = _amount(gettext_lazy("What a swap at the door costs"))
    fee_dropoff = _amount(gettext_lazy("What bringing it to a point costs"))
    photo_for = _ticks(gettext_lazy("Ask for a photo if"), REASONS.items())

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency, self.places = currency, decimals_of(currency)
        for name in (*FEES, *VALUES):
            field = self.fields[name]
            field.decimal_places = self.places  # type: ignore[attr-defined] # a decimal field's own
            field.validators.append(MaxValueValidator(Decimal(MOST_MINOR).scaleb(-self.places)))
            field.widget.attrs["step"] = str(Decimal(1).scaleb(-self.places))
            field.label = f"{field.label}, {currency}"

    @property
    def asked(self) -> list[forms.BoundField]:
        """The fields by which a rule asks what is bought, to where, and by whom."""
        return [self[name] for name in ASKED]

    @property
    def asks_something(self) -> bool:
        """Whether any of them says something, or is wrong."""
        return self._says(ASKED, ())

    @property
    def limits_something(self) -> bool:
        """Whether the rule asks more of a return than is usual, or a field that does is wrong."""
        return self._says(("conditions", "reasons", "per_order_most"), ("photo_for",))

    def _says(self, names: Iterable[str], only_wrong: Iterable[str]) -> bool:
        said = any(self[name].value() not in (None, "", []) for name in names)
        return said or any(self[name].errors for name in (*names, *only_wrong))

    def clean(self) -> dict[str, Any]:
        """Have the rule read as if it was written down: what is wrong with it stands at its field."""
        said: dict[str, Any] = super().clean() or {}
        if self.errors:
            return said
        rule = self._written(said)
        try:
            said["rule"] = written(policies_from([rule], currency=self.currency))[0]
        except BadRules as error:
            for at, why in error.errors.items():
                field = at.removeprefix("rules.0").removeprefix(".")
                self.add_error(FIELD_OF.get(field, field) if field else None, why)
        return said

    def _written(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return a rule as rules.py reads it; what is empty is left out."""
        rule = {"name": said["name"], "accepts": said["accepts"] == "yes", "starts": said["starts"]}
        rule |= {"days": said["days"], "holidays": [_holiday(line) for line in _listed(said["holidays"])]}
        rule |= {name: _listed(said[name]) for name in LISTS}
        rule |= {name: said[name] for name in (*WHOLE, *CHOSEN)}
        rule |= {name: self._minor(said[field]) for field, name in VALUES.items()}
        fees = {way: self._minor(said[field]) for field, way in FEES.items() if said[field]}
        return rule | {"fees_minor": fees}

    def _minor(self, amount: Decimal | None) -> int | None:
        return None if amount is None else int(amount.scaleb(self.places))


def initial_of(rule: Policy) -> dict[str, Any]:
    """Return what RuleForm shows of a rule that there is."""
    places = decimals_of(rule.currency)
    [plain] = written([rule])
    shown: dict[str, Any] = {name: "\n".join(getattr(rule, name)) for name in LISTS}
    shown |= {name: getattr(rule, name) for name in ("name", "days", "starts", *WHOLE)}
    shown |= {name: list(getattr(rule, name)) for name in CHOSEN}
    shown |= {field: _whole_units(getattr(rule, name), places) for field, name in VALUES.items()}
    shown |= {field: _whole_units(rule.fees_minor.get(way), places) for field, way in FEES.items()}
    shown["accepts"] = "yes" if rule.accepts else "no"
    shown["holidays"] = "\n".join(
        f"{each['from']} {each['to']} {each['until']}" for each in plain.get("holidays", [])
    )
    return shown


def _whole_units(amount_minor: int | None, places: int) -> Decimal | None:
    return None if amount_minor is None else Decimal(amount_minor).scaleb(-places)


def _listed(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _holiday(line: str) -> object:
    parts = line.split()
    return dict(zip(("from", "to", "until"), parts, strict=True)) if len(parts) == 3 else line
