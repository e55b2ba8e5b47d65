"""A shop's rules for what may come back: written, tried on an order, published as a version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.forms import PlainForm
from portal.http import redirect_page, render_page
from portal.merchants.return_rule_edits import NEW, changed, place_of
from portal.merchants.return_rule_form import RuleForm, initial_of
from portal.models.people import Role
from portal.return_words import RuleTold, told
from portal.staff import actor_of, require_merchant, roles_for
from returns.eligibility import USUAL, Policy
from returns.errors import BadRules, RulesChanged
from returns.reasons import CONDITIONS, REASONS, RESOLUTIONS, TRAVELS
from returns.rules import READERS, policies_from, written
from returns.selectors.policies import policy_of, preview, versions_of
from returns.services.policies import publish
from scheduling import clock
from scheduling.selectors.merchants import order_numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scheduling.models import Merchant

PAGE: Final = "merchants/returns/rules.html"
MOST_WRITTEN: Final = 60_000
EDITS: Final = ("edit", "keep", "up", "down", "remove")
WORDS: Final = (RESOLUTIONS, CONDITIONS, REASONS, TRAVELS)


@dataclass(frozen=True, slots=True)
class Tried:
    """What an item of an order would get."""

    name: str
    allowed: bool
    sentence: str


class RulesForm(PlainForm):
    """The rules as they are written, and an order to try them on."""

    rules = forms.CharField(
        label=gettext_lazy("The rules as text"),
        help_text=gettext_lazy(
            "A list in JSON, to copy or write by hand. What a rule leaves out is as usual."
        ),
        max_length=MOST_WRITTEN,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "class": "field__input rules__text"}),
        error_messages={"required": gettext_lazy("Write at least one rule, or [] for none.")},
    )
    collects = forms.BooleanField(
        label=gettext_lazy("We offer to collect what comes back (the law then wants the money back sooner)"),
        required=False,
    )
    order = forms.CharField(
        label=gettext_lazy("What would this order get?"),
        help_text=gettext_lazy("An order’s number, to try the rules before they count."),
        max_length=64,
        required=False,
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput, required=False)

    currency = "EUR"

    def clean_rules(self) -> tuple[Policy, ...]:
        try:
            found = json.loads(self.cleaned_data["rules"])
        except (ValueError, RecursionError) as error:
            at = getattr(error, "lineno", 1)
            raise forms.ValidationError(
                _("This is no JSON: look at line %(line)d."), params={"line": at}
            ) from error
        try:
            return policies_from(found, currency=self.currency)
        except BadRules as error:
            raise forms.ValidationError(
                [f"{_where(at)}: {why}" for at, why in error.errors.items()]
            ) from error


def _where(at: str) -> str:
    """Return where an error is as people count: rules.0.days is rule 1, days."""
    _rules, _dot, rest = at.partition(".")
    number, _dot, field = rest.partition(".")
    if not number:
        return _("The list")
    named = {"number": int(number) + 1, "field": field}
    return _("Rule %(number)d, %(field)s") % named if field else _("Rule %(number)d") % named


@require_merchant
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show the rules in force, change and try others, and publish them. What counts is for managers.

    What is changed and not published yet travels with the page: nothing is kept here, nothing counts.
    """
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied
    version, policies = policy_of(shop)
    if request.method != "POST":
        form = _form(
            policies if version else (),
            collects=version.collection_offered_by_trader if version else True,
            seen=version.number if version else 0,
        )
        return _shown(request, shop, form, policies if version else ())
    form = RulesForm(request.POST)
    form.currency = shop.currency
    if not form.is_valid():
        return _shown(request, shop, form, (), status=422)
    if "publish" in request.POST:
        return _published(request, shop, form)
    if act := next((name for name in EDITS if name in request.POST), ""):
        return _edited(request, shop, form, act)
    return _shown(request, shop, form, form.cleaned_data["rules"], tried=_tried(shop, form))


def _form(policies: Sequence[Policy], **values: Any) -> RulesForm:
    """Return the form with these rules as its text."""
    text = json.dumps(written(policies), indent=2, ensure_ascii=False)
    return RulesForm(initial={"rules": text} | values)


def _published(request: HttpRequest, shop: Merchant, form: RulesForm) -> HttpResponse:
    said = form.cleaned_data
    try:
        publish(
            merchant=shop,
            rules=written(said["rules"]),
            seen=said["seen"] or 0,
            actor=actor_of(request),
            now=clock.now(),
            collects=said["collects"],
        )
    except RulesChanged as error:
        form.add_error(None, str(error))
        return _shown(request, shop, form, said["rules"], status=409)
    return redirect_page(request, f"{reverse('merchants:return-rules', args=[shop.slug])}?kept")


def _edited(request: HttpRequest, shop: Merchant, form: RulesForm, act: str) -> HttpResponse:
    """Open one rule's fields, keep what they say, move or remove it; nothing counts yet."""
    said, at = form.cleaned_data, request.POST[act]
    draft: tuple[Policy, ...] = said["rules"]
    if act == "edit":
        return _shown(request, shop, form, draft, editing=_rule_form(draft, at, shop.currency), at=at)
    one = RuleForm(request.POST, prefix="rule", currency=shop.currency) if act == "keep" else None
    if one is not None and not one.is_valid():
        return _shown(request, shop, form, draft, editing=one, at=at, status=422)
    try:
        now = changed(draft, act, at, one.cleaned_data["rule"] if one else None, currency=shop.currency)
    except BadRules as error:
        (one or form).add_error(None, " ".join(dict.fromkeys(error.errors.values())))
        return _shown(request, shop, form, draft, editing=one, at=at, status=409)
    kept = _form(now, collects=said["collects"], seen=said["seen"], order=said["order"])
    return _shown(request, shop, kept, now, unpublished=True)


def _rule_form(draft: Sequence[Policy], at: str, currency: str) -> RuleForm | None:
    place = place_of(at, draft)
    if place is None:
        return None
    rule = Policy(name="", currency=currency) if at == NEW else draft[place]
    return RuleForm(initial=initial_of(rule), prefix="rule", currency=currency)


def _tried(shop: Merchant, form: RulesForm) -> list[Tried]:
    """Say what the order's items would get by the rules as they are written."""
    number = form.cleaned_data["order"].strip()
    order = order_numbered(merchant=shop, number=number) if number else None
    if order is None:
        if number:
            form.add_error("order", _("We know no order of that number. Bring it first, under Orders."))
        return []
    found = preview(order, form.cleaned_data["rules"], now=clock.now())
    return [Tried(item.name, verdict.allowed, verdict.sentence) for item, verdict in found]


def _words() -> Iterator[str]:
    for names in WORDS:
        yield ", ".join(names)


def _shown(
    request: HttpRequest,
    shop: Merchant,
    form: RulesForm,
    policies: Sequence[Policy],
    *,
    tried: list[Tried] | None = None,
    editing: RuleForm | None = None,
    at: str = "",
    unpublished: bool = False,
    status: int = 200,
) -> HttpResponse:
    read: list[RuleTold] = told(policies)
    context: dict[str, Any] = {
        "merchant": shop,
        "form": form,
        "problems": editing if editing is not None and editing.errors else form,
        "rules": read,
        "usual": told((USUAL,)),
        "editing": editing,
        "at": at,
        "unpublished": unpublished,
        "tried": tried,
        "trying": request.method == "POST",
        "kept": request.method == "GET" and "kept" in request.GET,
        "versions": [f"{each.number} · {each.made_at:%Y-%m-%d %H:%M} UTC" for each in versions_of(shop)],
        "fields": list(READERS),
        "words": list(_words()),
        "terms_url": reverse("customers:return-terms", args=[shop.slug]),
    }
    return render_page(
        request, PAGE, context=context, status=422 if form.errors and status == 200 else status
    )
