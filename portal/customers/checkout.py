"""Check and confirm: what is kept, until when, whom to tell."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import FOLLOW, MANAGE, grant_cookie, issue_link, link_from_request, links_renewed
from portal.customers import words
from portal.customers.addresses import order_note
from portal.customers.bookings import door_facts
from portal.customers.forms import ContactForm
from portal.customers.news import tell
from portal.customers.pages import Notice, merchant_or_404, show
from portal.customers.rows import Countdown, Fact
from portal.customers.shopper import Visit, actor_of, session_key
from portal.customers.slots import gone_title, show_times
from portal.http import redirect_page
from scheduling import clock
from scheduling.errors import CutoffPassed, DomainError, HoldEnded, HoldLimit, SlotTaken
from scheduling.facts import Contact
from scheduling.selectors.shopper import hold_kept
from scheduling.services.bookings import confirm_hold
from scheduling.services.holds import extend_hold

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from scheduling.models import Delivery, Hold, Merchant

PAGE = "customers/slots/check.html"
TYPED = ("email", "mobile", "order_number")
ANSWER_MAY_BE_LOST_FOR: Final = timedelta(hours=1)


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, merchant: str) -> HttpResponse:
    """Show what is kept and ask whom to tell; confirm it. Confirming twice leads to the same booking."""
    shop, visit, now = merchant_or_404(merchant), Visit.of(request, merchant), clock.now()
    kept = hold_kept(token=visit.hold, merchant=shop, session_key=session_key(request))
    if kept is None:
        return redirect_page(request, "customers:times", merchant)
    if kept.state == kept.State.CONFIRMED:
        return show_booked_before(request, shop, visit, kept.delivery, now=now)
    if kept.state == kept.State.RELEASED:
        return show_gone(request, shop, visit, HoldEnded(), now=now)
    region = kept.delivery.address.country
    if request.method != "POST":
        form = ContactForm(initial=visit.contact, region=region)
        return show_check(request, shop, visit, kept, form, now=now)
    form = ContactForm(request.POST, region=region)
    remember_contact(request, shop, visit)
    if request.POST.get("keeping") != keeping(kept):
        return show_check(request, shop, visit, kept, form, now=now, notice=another_tab(), status=409)
    if not form.is_valid():
        return show_check(request, shop, visit, kept, form, now=now, status=422)
    return confirm(request, shop, visit, kept, form, now=now)


def confirm(
    request: HttpRequest, shop: Merchant, visit: Visit, kept: Hold, form: ContactForm, *, now: datetime
) -> HttpResponse:
    """Turn the hold into a booking and let this browser manage it."""
    mobile = form.cleaned_data["mobile"]
    contact = Contact(
        email=form.cleaned_data["email"],
        phone=mobile.as_e164 if mobile else "",
        language=get_language() or "en",
    )
    try:
        booking = confirm_hold(
            hold=kept,
            contact=contact,
            order_number=form.cleaned_data["order_number"],
            actor=actor_of(request),
            now=now,
        )
    except (HoldEnded, SlotTaken, CutoffPassed) as error:
        return show_gone(request, shop, visit, error, now=now)
    except DomainError as error:
        news = Notice(_("That did not work yet"), f"{error} {_('What you typed is kept.')}")
        return show_check(request, shop, visit, kept, form, now=now, notice=news, status=409)
    return let_in(request, shop, visit, booking.delivery, now=now)


def let_in(
    request: HttpRequest, shop: Merchant, visit: Visit, delivery: Delivery, *, now: datetime
) -> HttpResponse:
    """Lead to the booking's page, and let this browser manage it."""
    visit.booked = delivery.ref
    visit.keep(request, shop.slug)
    tell(request, visit.booked, "booked")
    response = redirect_page(request, "customers:booking", delivery.ref)
    link = issue_link(delivery=delivery, kind=MANAGE, now=now)
    issue_link(delivery=delivery, kind=FOLLOW, now=now)  # so that looking at the page writes nothing
    grant_cookie(response, link, request=request, now=now)
    return response


def show_booked_before(
    request: HttpRequest, shop: Merchant, visit: Visit, delivery: Delivery, *, now: datetime
) -> HttpResponse:
    """Lead to the booking that this browser made, also where the answer to it got lost on its way.

    Then the browser never got its cookie, so it gets it now; but no more once links may have been renewed.
    """
    just_now = now < delivery.booking.confirmed_at + ANSWER_MAY_BE_LOST_FOR
    if just_now and not links_renewed(delivery) and not knows(request, delivery, now=now):
        return let_in(request, shop, visit, delivery, now=now)
    return redirect_page(request, "customers:booking", delivery.ref)


def knows(request: HttpRequest, delivery: Delivery, *, now: datetime) -> bool:
    """Whether this browser may manage the delivery already."""
    return link_from_request(request, ref=delivery.ref, kind=MANAGE, now=now) is not None


@require_POST
def extend(request: HttpRequest, merchant: str) -> HttpResponse:
    """Keep the time for another while; what was typed so far is kept, right or not."""
    shop, visit, now = merchant_or_404(merchant), Visit.of(request, merchant), clock.now()
    kept = hold_kept(token=visit.hold, merchant=shop, session_key=session_key(request))
    if kept is None:
        return redirect_page(request, "customers:times", merchant)
    remember_contact(request, shop, visit)
    try:
        extend_hold(hold=kept, actor=actor_of(request), now=now)
    except HoldLimit as error:
        form = ContactForm(initial=visit.contact, region=kept.delivery.address.country)
        news = Notice(_("No more extra time"), str(error))
        return show_check(request, shop, visit, kept, form, now=now, notice=news, status=409)
    except HoldEnded:
        pass  # the page that follows says so, and what can still be done
    return redirect_page(request, "customers:check", merchant)


def remember_contact(request: HttpRequest, shop: Merchant, visit: Visit) -> None:
    """Keep what was typed, so that neither the back button nor a lost time loses it."""
    visit.contact |= {name: request.POST[name][:200] for name in TYPED if name in request.POST}
    visit.keep(request, shop.slug)


def keeping(kept: Hold) -> str:
    """Return which hold a page was about: another tab may have chosen another time since."""
    return f"{kept.pk}.{kept.offer_key}"


def another_tab() -> Notice:
    return Notice(
        _("You chose another time meanwhile"),
        _("Perhaps in another tab. This page now shows the time we keep for you. Check it, then confirm."),
    )


def show_gone(
    request: HttpRequest, shop: Merchant, visit: Visit, error: DomainError, *, now: datetime
) -> HttpResponse:
    """409 with fresh times: what happened, what was kept."""
    facts = visit.facts(shop)
    if facts is None:
        return redirect_page(request, "customers:address", shop.slug)
    news = Notice(gone_title(error), f"{error} {_('What you typed is kept.')}")
    return show_times(request, shop, visit, facts, now=now, notice=news, status=409)


def show_check(
    request: HttpRequest,
    shop: Merchant,
    visit: Visit,
    kept: Hold,
    form: ContactForm,
    *,
    now: datetime,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    zone = kept.stop.route.shift.plan.depot.zone
    opens, closes = kept.stop.opens_at.astimezone(zone), kept.stop.closes_at.astimezone(zone)
    when = f"{words.long_weekday(opens)} {words.hours(opens, closes)}"
    until = words.long_moment(kept.cutoff_at.astimezone(zone))
    context: dict[str, Any] = {
        "form": form,
        "notice": notice,
        "keeping": keeping(kept),
        "countdown": countdown_of(kept, zone, now=now),
        "facts": facts_of(kept, zone),
        "confirm_label": _("Confirm %(when)s") % {"when": when},
        "change_until": _("You can move or cancel it until %(until)s, free of charge.") % {"until": until},
        "times_url": reverse("customers:times", args=[shop.slug]),
        "extend_url": reverse("customers:extend", args=[shop.slug]),
        "brand_note": order_note(visit),
    }
    return show(request, shop, PAGE, context, status=status)


def countdown_of(kept: Hold, zone: ZoneInfo, *, now: datetime) -> Countdown:
    """Return how long the time is still kept."""
    seconds = max(0, int((kept.expires_at - now).total_seconds()))
    return Countdown(
        seconds_left=seconds,
        time_left=words.time_left(seconds),
        until=words.clock_time(kept.expires_at.astimezone(zone)),
        over=seconds == 0 or kept.state == kept.State.LAPSED,
    )


def facts_of(kept: Hold, zone: ZoneInfo) -> list[Fact]:
    """Return what is about to be confirmed."""
    opens, closes = kept.stop.opens_at.astimezone(zone), kept.stop.closes_at.astimezone(zone)
    price = words.money(kept.price_minor, kept.currency)
    shop = kept.delivery.merchant.name
    return [
        Fact(_("When"), f"{words.short_day(opens)} {words.short_hours(opens, closes)}", main=True),
        *([Fact(_("Exact time"), words.narrowing(kept.narrows_to_s))] if kept.narrows_to_s else ()),
        Fact(_("Where"), words.place(kept.delivery.address)),
        *door_facts(kept.delivery),
        Fact(_("What"), words.load(kept.delivery.parcel_count, kept.delivery.load_g)),
        Fact(_("Delivery"), _("%(price)s, charged by %(shop)s") % {"price": price, "shop": shop}),
        Fact(_("Adds"), _("%(distance)s of driving") % {"distance": words.distance(kept.band_m)}),
    ]
