"""One press in a mail that nobody needs: no more of them from that shop. What is needed still comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.access import in_language_of, private
from portal.customers.pages import show
from portal.http import render_page
from portal.messaging.topics import TOPICS
from portal.messaging.unsubscribing import delivery_from_token
from portal.models.messages import Channel
from portal.services.silences import hear_again, is_silent, silence
from scheduling import clock

if TYPE_CHECKING:
    from scheduling.models import Delivery

PAGE = "customers/booking/unsubscribe.html"
AGAIN = "again"


@csrf_exempt  # mail programs press by themselves (RFC 8058); whoever has the mail may
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, and stop such mails when it is pressed, or send them again. Looking changes nothing."""
    delivery = delivery_from_token(token)
    if delivery is None:
        return private(render_page(request, "accounts/link_ended.html", status=404))
    if request.method == "POST":
        _change(delivery, again=AGAIN in request.POST)
    with in_language_of(delivery):
        return private(_page(request, delivery), referrer="same-origin")


def _change(delivery: Delivery, *, again: bool) -> None:
    address, merchant = delivery.contact_email, delivery.merchant
    if again:
        hear_again(Channel.EMAIL, address, merchant=merchant)
    else:
        silence(Channel.EMAIL, address, merchant=merchant, now=clock.now())


def _page(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    chosen = [topic for topic in TOPICS.values() if topic.chosen]
    context = {
        "silent": is_silent(Channel.EMAIL, delivery),
        "stopped": [topic.label for topic in chosen if not topic.needed],
        "sent": [topic.label for topic in chosen if topic.needed],
    }
    return show(request, delivery.merchant, PAGE, context)
