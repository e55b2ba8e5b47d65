"""Sending something back, last steps: how it travels, then all of it once more before it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers import words
from portal.customers.pages import Notice, show
from portal.customers.returns_forms import MethodForm, VersionForm
from portal.customers.returns_steps import around, draft_here, has_reasons, lead_on
from portal.customers.rows import Fact
from portal.http import redirect_page
from portal.services.erasure import remove_files
from returns.errors import ReturnChanged
from returns.reasons import METHODS, REASONS, RESOLUTIONS
from returns.services.drafts import choose_method, drop_draft, judged_as, send_draft, ways_of
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from returns.models import Return, ReturnItem

HOW_PAGE: Final = "customers/returns/how.html"
CHECK_PAGE: Final = "customers/returns/check.html"
DROP: Final = "drop"


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def how(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Ask how it travels, with what each way costs before anything holds."""
    draft, now = draft_here(link, of), clock.now()
    if draft is None or not has_reasons(draft):
        return lead_on(request, link, of)
    ways, refused = ways_of(draft, now=now)
    form = MethodForm(
        request.POST if request.method == "POST" else None,
        ways=[(way, way_words(way, fee, draft.currency)) for way, fee in ways.items()],
        initial={"method": draft.method or next(iter(ways), ""), "version": draft.version},
    )
    if request.method != "POST":
        return _show_how(request, link, draft, form, refused)
    if not form.is_valid():
        return _show_how(request, link, draft, form, refused, status=422)
    said = form.cleaned_data
    try:
        choose_method(draft.pk, said["method"], version=said["version"], now=now)
    except DomainError as error:
        news = Notice(str(error), _("Nothing is lost: what you chose before is kept."))
        again = draft_here(link, of) or draft
        return _show_how(request, link, again, form, refused, notice=news, status=409)
    return redirect_page(request, "customers:return-check", link.delivery.ref, of)


def cost_words(fee_minor: int, currency: str) -> str:
    """Say what a way costs."""
    if not fee_minor:
        return _("Free for you.")
    price = words.money(fee_minor, currency)
    return _("%(price)s, taken off what you get back.") % {"price": price}


def way_words(way: str, fee_minor: int, currency: str) -> str:
    """Say how a way goes, where its name does not, and what it costs."""
    goes = _("The driver brings the new one and takes the old one in one visit.") if way == "swap" else ""
    return f"{goes} {cost_words(fee_minor, currency)}".strip()


def _show_how(
    request: HttpRequest,
    link: AccessLink,
    draft: Return,
    form: MethodForm,
    refused: list[str],
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    context = around(link, draft) | {
        "form": form,
        "ways": bool(form.fields["method"].choices),  # type: ignore[attr-defined]
        "refused": refused,
        "notice": notice,
    }
    return show(request, link.delivery.merchant, HOW_PAGE, context, status=status)


# All of it once more


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Show all that was chosen; ask for it. Asking twice leads to the same return."""
    draft, now = draft_here(link, of), clock.now()
    if draft is None or not has_reasons(draft):
        return lead_on(request, link, of)
    if not draft.method:
        return redirect_page(request, "customers:return-how", link.delivery.ref, of)
    if request.method != "POST":
        return _show_check(request, link, draft, now=now)
    if request.POST.get("do") == DROP:
        drop_draft(draft.pk, now=now)
        remove_files()
        return redirect_page(request, "customers:booking", link.delivery.ref)
    seen = VersionForm(request.POST)
    version = seen.cleaned_data["version"] if seen.is_valid() else 0
    try:
        made = send_draft(
            draft.pk,
            version=version,
            fee_minor=seen.cleaned_data.get("fee") or 0,
            actor=link.actor,
            now=now,
        )
    except ReturnChanged as error:
        return _sent_meanwhile(request, link, of, error, now=now)
    except DomainError as error:
        news = Notice(str(error), _("Nothing was sent off. What you chose is kept."))
        return _show_check(request, link, draft, now=now, notice=news, status=409)
    return redirect_page(request, "customers:returned", link.delivery.ref, made.ref)


def _sent_meanwhile(
    request: HttpRequest, link: AccessLink, of: str, error: DomainError, *, now: datetime
) -> HttpResponse:
    """Lead to what was sent off before; else show what another tab made of it."""
    draft = draft_here(link, of)
    if draft is None or not draft.method or not has_reasons(draft):
        return lead_on(request, link, of)
    news = Notice(str(error), _("Below is how it is now. Nothing was sent off yet."))
    return _show_check(request, link, draft, now=now, notice=news, status=409)


def _show_check(
    request: HttpRequest,
    link: AccessLink,
    draft: Return,
    *,
    now: datetime,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    try:
        fee_minor, problem = judged_as(draft, draft.method, now=now).fee_minor, ""
    except DomainError as error:
        fee_minor, problem = draft.fee_minor, str(error)
    context = around(link, draft) | {
        "things": [thing_fact(each) for each in draft.items.all()],
        "facts": terms(draft, fee_minor),
        "fee": fee_minor,
        "problem": problem if notice is None else "",
        "picked_up": draft.method == "pickup",
        "swapped": draft.method == "swap",
        "notice": notice,
    }
    return show(request, link.delivery.merchant, CHECK_PAGE, context, status=status)


def thing_fact(each: ReturnItem) -> Fact:
    """Return one thing that goes back: how many count, why, what for."""
    name = name_of(each.counts, each.item.name)
    wanted = str(RESOLUTIONS.get(each.resolution, ""))
    if each.wanted_sku:
        wanted = _("%(wanted)s: %(which)s") % {"wanted": wanted, "which": each.wanted_sku}
    said = [str(REASONS.get(each.reason, "")), wanted]
    return Fact(name, ". ".join(filter(None, said)))


def name_of(count: int, name: str) -> str:
    """Return 2 × Cup, or Coat where it is one."""
    return f"{count} × {name}" if count > 1 else name


def terms(draft: Return, fee_minor: int) -> list[Fact]:
    """Return how it travels, what that costs, and what comes back for it at most."""
    currency, items = draft.currency, draft.items.all()
    back = sum(each.value_minor for each in items if each.resolution == "refund")
    facts = [
        Fact(_("How"), str(METHODS[draft.method])),
        Fact(_("That costs"), words.money(fee_minor, currency) if fee_minor else _("Nothing")),
    ]
    if back:
        left = words.money(max(0, back - fee_minor), currency)
        facts.append(
            Fact(_("You get back"), _("up to %(amount)s, to how you paid") % {"amount": left}, main=True)
        )
    return facts
