"""Where Stripe tells a shop what became of its refunds: signed by Stripe; nobody else is answered."""

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from returns.errors import NotFromStripe
from returns.payments import Broke, KeyRefused, Unanswered
from returns.services.hearing import hear
from scheduling import clock
from scheduling.errors import PlanBusy

log = logging.getLogger(__name__)


@csrf_exempt  # signed with the shop's own secret, and nothing of a browser's
@require_POST
def events(request: HttpRequest, merchant: str) -> HttpResponse:
    """Take one event. What can't be looked up right now is told again: Stripe repeats what gets no 2xx."""
    signature = request.headers.get("Stripe-Signature", "")
    try:
        hear(shop=merchant, body=request.body, signature=signature, now=clock.now())
    except NotFromStripe:
        return HttpResponse(status=400)
    except (Unanswered, Broke, KeyRefused, PlanBusy) as error:
        log.warning("An event of Stripe's to %s comes again later: %s", merchant, type(error).__name__)
        return HttpResponse(status=503)
    return HttpResponse(status=200)
