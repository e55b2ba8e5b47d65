"""A shop's webhook endpoints: made, secret shown once, paused, tried, replayed; and what was sent to each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.forms import PlainForm
from portal.http import redirect_page, render_page
from portal.merchants.hook_words import KINDS, endpoint_row, log_row
from portal.messaging.signing import secret_of
from portal.messaging.targets import LONGEST_URL, BadTarget, check_target
from portal.models.hooks import WebhookEndpoint
from portal.models.people import Role
from portal.services import hooks
from portal.staff import actor_of, require_merchant, roles_for
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.models import Merchant

LIST: Final = "merchants/hooks/page.html"
ONE: Final = "merchants/hooks/endpoint.html"
SHOWN: Final = 50
SINCE: Final = {
    "hour": (_("the last hour"), timedelta(hours=1)),
    "day": (_("the last day"), timedelta(days=1)),
    "days": (_("the last three days"), timedelta(days=3)),
}


class EndpointForm(PlainForm):
    """Where it is, and what it is told of."""

    url = forms.CharField(
        label=_("Address of your server"),
        max_length=LONGEST_URL,
        help_text=_("Such as https://shop.example/webhooks/doorstep. At port 443 or 8443."),
        error_messages={"required": _("Write where your server listens.")},
        widget=forms.URLInput(attrs={"class": "field__input", "spellcheck": "false", "autocomplete": "off"}),
    )
    kinds = forms.MultipleChoiceField(
        label=_("What is it told of?"),
        choices=list(KINDS.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Tick nothing to tell it everything, also what is added later."),
    )
    # Without hints: the choices say it all.
    kinds.hints = {}  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        """Refuse at once what would never be sent to."""
        try:
            return check_target(self.cleaned_data["url"].strip())
        except BadTarget as error:
            raise forms.ValidationError(str(error)) from error


@require_merchant
@require_http_methods(["GET", "HEAD", "POST"])
def endpoints(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """List a shop's endpoints, and add one."""
    _require_manager(request, shop)
    now = clock.now()
    if request.method != "POST":
        return _listed(request, shop, EndpointForm(), now)
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _listed(request, shop, form, now, status=422)
    said = form.cleaned_data
    try:
        made = hooks.create_endpoint(
            merchant=shop, url=said["url"], kinds=said["kinds"], actor=actor_of(request), now=now
        )
    except hooks.TooManyEndpoints as error:
        form.add_error(None, str(error))
        return _listed(request, shop, form, now, status=409)
    return _shown(request, shop, made, now, secret=secret_of(made), status=201)


@require_merchant
@require_http_methods(["GET", "HEAD", "POST"])
def endpoint(request: HttpRequest, shop: Merchant, pk: UUID) -> HttpResponse:
    """Show one endpoint with its log, and change where it is or what it is told of."""
    found, now = _endpoint(request, shop, pk), clock.now()
    if request.method != "POST":
        return _shown(request, shop, found, now)
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _shown(request, shop, found, now, form=form, status=422)
    hooks.change_endpoint(endpoint=found, url=form.cleaned_data["url"], kinds=form.cleaned_data["kinds"])
    return _back(request, shop, found)


@require_merchant
@require_POST
def rotate(request: HttpRequest, shop: Merchant, pk: UUID) -> HttpResponse:
    """Make a new secret and show it once; the one before works for another day."""
    found, now = _endpoint(request, shop, pk), clock.now()
    hooks.rotate_secret(endpoint=found, now=now)
    return _shown(request, shop, found, now, secret=secret_of(found), status=201)


@require_merchant
@require_POST
def pause(request: HttpRequest, shop: Merchant, pk: UUID) -> HttpResponse:
    """Send nothing for now."""
    found = _endpoint(request, shop, pk)
    hooks.pause_endpoint(endpoint=found)
    return _back(request, shop, found)


@require_merchant
@require_POST
def resume(request: HttpRequest, shop: Merchant, pk: UUID) -> HttpResponse:
    """Go on."""
    found = _endpoint(request, shop, pk)
    hooks.resume_endpoint(endpoint=found, now=clock.now())
    return _back(request, shop, found)


@require_merchant
@require_POST
def test(request: HttpRequest, shop: Merchant, pk: UUID) -> HttpResponse:
    """Send a message that says nothing but that it is a test."""
    found, now = _endpoint(request, shop, pk), clock.now()
    try:
        hooks.send_test(endpoint=found, now=now)
    except DomainError as error:
        return _refused(request, shop, found, error, now)
    return _back(request, shop, found)


@require_merchant
@require_POST
def replay(request: HttpRequest, shop: Merchant, pk: UUID) -> HttpResponse:
    """Send one event again, or all of the last hour, day or days."""
    found, now = _endpoint(request, shop, pk), clock.now()
    event, since = request.POST.get("event", ""), request.POST.get("since", "")
    try:
        if since in SINCE:
            hooks.replay_since(endpoint=found, since=now - SINCE[since][1], now=now)
        elif not hooks.replay_one(endpoint=found, event_id=_uuid(event), now=now):
            raise Http404
    except DomainError as error:
        return _refused(request, shop, found, error, now)
    return _back(request, shop, found)


@require_merchant
@require_POST
def delete(request: HttpRequest, shop: Merchant, pk: UUID) -> HttpResponse:
    """Forget an endpoint with its log."""
    hooks.delete_endpoint(endpoint=_endpoint(request, shop, pk))
    return redirect_page(request, "merchants:endpoints", shop.slug)


def _require_manager(request: HttpRequest, shop: Merchant) -> None:
    """Whoever names an endpoint is told of every customer's delivery: that is for managers."""
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied


def _endpoint(request: HttpRequest, shop: Merchant, pk: UUID) -> WebhookEndpoint:
    _require_manager(request, shop)
    found = hooks.endpoint_of(shop, pk)
    if found is None:
        raise Http404
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError as error:
        raise Http404 from error


def _back(request: HttpRequest, shop: Merchant, found: WebhookEndpoint) -> HttpResponse:
    return redirect_page(request, "merchants:endpoint", shop.slug, found.pk)


def _refused(
    request: HttpRequest, shop: Merchant, found: WebhookEndpoint, error: DomainError, now: datetime
) -> HttpResponse:
    form = _form_of(found, bound=True)
    form.add_error(None, str(error))
    return _shown(request, shop, found, now, form=form, status=409)


def _form_of(found: WebhookEndpoint, *, bound: bool = False) -> EndpointForm:
    said = {"url": found.url, "kinds": found.kinds}
    form = EndpointForm(said) if bound else EndpointForm(initial=said)
    if bound:
        form.full_clean()
        form.errors.clear()
    return form


def _listed(
    request: HttpRequest, shop: Merchant, form: EndpointForm, now: datetime, *, status: int = 200
) -> HttpResponse:
    found = hooks.endpoints_of(shop)
    waiting = hooks.waiting_at(found)
    rows = [endpoint_row(one, waiting[one.pk], now=now) for one in found]
    return render_page(
        request, LIST, context={"merchant": shop, "form": form, "endpoints": rows}, status=status
    )


def _shown(
    request: HttpRequest,
    shop: Merchant,
    found: WebhookEndpoint,
    now: datetime,
    *,
    form: EndpointForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = hooks.log_of(found, limit=SHOWN)
    context: dict[str, Any] = {
        "merchant": shop,
        "form": form or _form_of(found),
        "endpoint": endpoint_row(found, hooks.waiting_at([found])[found.pk], now=now),
        "log": [log_row(row) for row in rows],
        "full": len(rows) == SHOWN,
        "since": [(name, words) for name, (words, _long) in SINCE.items()],
        "secret": secret,
    }
    return render_page(request, ONE, context=context, status=status)
