"""Find a booking again: the links go to the contact on file; whoever asks learns nothing."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import private
from portal.customers.forms import FindForm
from portal.http import redirect_page, refuse, render_page
from portal.services.lookup import find_booking_links, lookup_wait_s
from portal.throttle import network_of
from scheduling import clock

PAGE = "customers/find/page.html"
ASKED_PAGE = "customers/find/asked.html"


@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Ask for order number and e-mail; mail the links if the two belong together. Always the same answer."""
    form = FindForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return private(
            render_page(request, PAGE, context={"form": form}, status=status), referrer="same-origin"
        )
    now, asked = clock.now(), form.cleaned_data
    order_number, email = asked["order_number"], asked["email"]
    wait_s = lookup_wait_s(network=network_of(request), order_number=order_number, email=email, now=now)
    if wait_s:
        return refuse(
            request,
            status=429,
            code="too_many_requests",
            retry_after_s=wait_s,
            title=_("That was a lot at once"),
            sentence=_("Please try again later. The newest link is in the last mail about your delivery."),
        )
    find_booking_links(order_number=order_number, email=email, now=now)
    return redirect_page(request, "customers:asked")


@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    """Say what happens now, whether anything was found or not."""
    return private(render_page(request, ASKED_PAGE))
