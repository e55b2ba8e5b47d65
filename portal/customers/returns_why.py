"""Sending something back, second step: why each thing goes back, and what its customer wants for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers.pages import Notice, show
from portal.customers.returns_forms import VersionForm, WhyForm
from portal.customers.returns_steps import around, draft_here, lead_on
from portal.http import redirect_page
from portal.photos import BadPhoto
from portal.services.erasure import remove_files
from portal.services.photos import drop_photo
from returns.selectors.policies import ground_of, today_for, verdict_on
from returns.services.drafts import Answer, say_why
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from returns.eligibility import Verdict
    from returns.models import Return
    from returns.selectors.policies import Ground
    from scheduling.models import OrderItem

PAGE: Final = "customers/returns/why.html"
MORE: Final = "more"
"""What the button says that keeps all and stays, for another photo."""


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def why(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Ask why each thing goes back, and what is wanted for it."""
    draft, now = draft_here(link, of), clock.now()
    if draft is None:
        return lead_on(request, link, of)
    if request.method != "POST":
        return _show_why(request, link, draft, _why_forms(draft, now=now))
    forms, seen = _why_forms(draft, request=request, now=now), VersionForm(request.POST)
    wrong = [form for form in forms if not form.is_valid()]  # each is judged, so that each says its own
    if wrong or not seen.is_valid():
        return _show_why(request, link, draft, forms, status=422)
    try:
        answers = _kept_answers(forms)
    except BadPhoto:
        return _show_why(request, link, draft, forms, status=422)
    return _keep_why(request, link, draft, forms, answers, seen.cleaned_data["version"], now=now)


def _why_forms(draft: Return, *, now: datetime, request: HttpRequest | None = None) -> list[WhyForm]:
    ground = ground_of(draft.order, draft.delivery, today=today_for(draft.order, draft.delivery, now=now))
    pieces = sum(each.quantity for each in draft.items.all())
    data = (request.POST, request.FILES) if request else ()
    forms = []
    for each in draft.items.all():
        judge = partial(_judged, each.item, ground, pieces)
        forms.append(WhyForm(*data, item=each, judge=judge))
    return forms


def _judged(item: OrderItem, ground: Ground, pieces: int, reason: str, condition: str) -> Verdict:
    return verdict_on(item, ground, reason=reason, condition=condition, pieces=pieces)


def _kept_answers(forms: list[WhyForm]) -> list[Answer]:
    """Keep the photos that were sent; where one is none, all of them go again. Raises BadPhoto."""
    answers: list[Answer] = []
    try:
        for form in forms:
            answers.append(form.answer(form.keep_photo()))
    except BadPhoto:
        _drop_photos(answers)
        raise
    return answers


def _drop_photos(answers: list[Answer]) -> None:
    for answer in answers:
        drop_photo(answer.photo)


def _keep_why(
    request: HttpRequest,
    link: AccessLink,
    draft: Return,
    forms: list[WhyForm],
    answers: list[Answer],
    version: int,
    *,
    now: datetime,
) -> HttpResponse:
    try:
        say_why(draft.pk, answers, version=version, now=now)
    except DomainError as error:
        _drop_photos(answers)
        return _why_meanwhile(request, link, draft.ref, forms, error)
    remove_files()
    to = "customers:return-why" if request.POST.get("do") == MORE else "customers:return-how"
    return redirect_page(request, to, link.delivery.ref, draft.ref)


def _why_meanwhile(
    request: HttpRequest, link: AccessLink, of: str, forms: list[WhyForm], error: DomainError
) -> HttpResponse:
    """Show what was typed here once more: sending it again puts it in place of what another tab said."""
    draft = draft_here(link, of)
    if draft is None:
        return lead_on(request, link, of)
    if {form.item.item.ref for form in forms} != {each.item.ref for each in draft.items.all()}:
        return redirect_page(request, "customers:return", link.delivery.ref)
    news = Notice(str(error), _("What you typed here is still here: go on to put it instead."))
    return _show_why(request, link, draft, forms, notice=news, status=409)


def _show_why(
    request: HttpRequest,
    link: AccessLink,
    draft: Return,
    forms: list[WhyForm],
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    context = around(link, draft) | {
        "forms": forms,
        "first_wrong": next((form for form in forms if form.errors), None),
        "notice": notice,
    }
    return show(request, link.delivery.merchant, PAGE, context, status=status)
