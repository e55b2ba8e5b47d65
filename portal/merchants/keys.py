"""A shop's API keys: made, shown once, replaced, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.http import redirect_page, render_page
from portal.merchants.forms import KeyForm
from portal.models.keys import ApiKey, KeyKind, Scope
from portal.models.people import Role
from portal.services.keys import BadKey, TooManyKeys, end_key, issue_key, live_keys, replace_key
from portal.staff import actor_of, require_merchant, roles_for
from scheduling import clock

if TYPE_CHECKING:
    from datetime import datetime

    from scheduling.models import Merchant

PAGE = "merchants/keys/page.html"
KEPT_WHILE_REPLACED: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key, in words."""

    number: int
    name: str
    prefix: str
    may: str
    used: str
    ends: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """A token, shown this once."""

    name: str
    token: str


@require_merchant
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """List the keys that work, and make another."""
    _require_manager(request, shop)
    now = clock.now()
    if request.method != "POST":
        return _shown(request, shop, KeyForm(initial={"scopes": Scope.values}), now)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _shown(request, shop, form, now, status=422)
    said = form.cleaned_data
    try:
        key, token = issue_key(
            merchant=shop,
            kind=KeyKind(said["kind"]),
            name=said["name"],
            scopes=said["scopes"],
            origins=said["origins"],
            actor=actor_of(request),
            now=now,
        )
    except BadKey as error:
        form.add_error("origins", str(error))
        return _shown(request, shop, form, now, status=422)
    except TooManyKeys as error:
        form.add_error(None, str(error))
        return _shown(request, shop, form, now, status=409)
    return _shown_once(request, shop, key, token, now)


@require_merchant
@require_POST
def replace(request: HttpRequest, shop: Merchant, number: int) -> HttpResponse:
    """Make a new key in place of one; the old one works for another day."""
    now, key = clock.now(), _key(request, shop, number)
    try:
        new, token = replace_key(key=key, keep_for=KEPT_WHILE_REPLACED, actor=actor_of(request), now=now)
    except TooManyKeys as error:
        form = KeyForm({})
        form.full_clean()
        form.errors.clear()
        form.add_error(None, str(error))
        return _shown(request, shop, form, now, status=409)
    return _shown_once(request, shop, new, token, now)


@require_merchant
@require_POST
def end(request: HttpRequest, shop: Merchant, number: int) -> HttpResponse:
    """End a key at once."""
    end_key(key=_key(request, shop, number), at=clock.now())
    return redirect_page(request, "merchants:keys", shop.slug)


def _require_manager(request: HttpRequest, shop: Merchant) -> None:
    """Whoever has a key can book and cancel: making one is for managers."""
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied


def _key(request: HttpRequest, shop: Merchant, number: int) -> ApiKey:
    _require_manager(request, shop)
    key = next((key for key in live_keys(shop, now=clock.now()) if key.pk == number), None)
    if key is None:
        raise Http404
    return key


def _shown_once(request: HttpRequest, shop: Merchant, key: ApiKey, token: str, now: datetime) -> HttpResponse:
    form = KeyForm(initial={"scopes": Scope.values})
    return _shown(request, shop, form, now, new=NewKey(key.name, token), status=201)


def _shown(
    request: HttpRequest,
    shop: Merchant,
    form: KeyForm,
    now: datetime,
    *,
    new: NewKey | None = None,
    status: int = 200,
) -> HttpResponse:
    rows = [_row(key) for key in live_keys(shop, now=now)]
    context: dict[str, Any] = {"merchant": shop, "form": form, "keys": rows, "new": new}
    return render_page(request, PAGE, context=context, status=status)


def _row(key: ApiKey) -> KeyRow:
    labels = dict(Scope.choices)
    used = key.last_used_at
    return KeyRow(
        number=key.pk,
        name=key.name,
        prefix=key.prefix,
        may=", ".join(str(labels[scope]) for scope in key.scopes if scope in labels),
        used=_("last used %(when)s") % {"when": _moment(used)} if used else _("not used yet"),
        ends=_("works until %(when)s") % {"when": _moment(key.ends_at)} if key.ends_at else "",
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
