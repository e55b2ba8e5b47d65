"""What the steps of sending something back share: the draft they are about, and where it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse

from portal.customers.bookings import order_note
from portal.http import redirect_page
from returns.selectors.shown import return_seen_from

if TYPE_CHECKING:
    from portal.models import AccessLink
    from returns.models import Return


def draft_here(link: AccessLink, of: str) -> Return | None:
    """Return the draft, or None once it is one no more. Raises Http404 for what is not this delivery's."""
    found = return_seen_from(link.delivery, of)
    if found is None:
        raise Http404
    return found if found.parcel == found.Parcel.DRAFT else None


def has_reasons(draft: Return) -> bool:
    items = draft.items.all()
    return bool(items) and all(each.reason for each in items)


def lead_on(request: HttpRequest, link: AccessLink, of: str) -> HttpResponse:
    """Lead to where a return stands."""
    return redirect_page(request, "customers:returned", link.delivery.ref, of)


def next_step(draft: Return) -> str:
    """Return the address, by name, at which a draft goes on."""
    if not has_reasons(draft):
        return "customers:return-why"
    return "customers:return-check" if draft.method else "customers:return-how"


def around(link: AccessLink, draft: Return | None = None) -> dict[str, Any]:
    return {
        "ref": link.delivery.ref,
        "of": draft.ref if draft else "",
        "version": draft.version if draft else 0,
        "brand_note": order_note(link.delivery),
    }
