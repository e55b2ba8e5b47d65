"""Stripe, as the demo brings it: a real HTTP server, strict, that breaks on cue."""

from portal.demo.stripe_server import Asked, Fault, Payment, StandIn, event_about, signature, standing_in

KEY = "rk_test_0123456789abcdef"
SECRET = "whsec_0123456789abcdef"

__all__ = [
    "KEY",
    "SECRET",
    "Asked",
    "Fault",
    "Payment",
    "StandIn",
    "event_about",
    "know_payments_of",
    "signature",
    "standing_in",
]


def know_payments_of(stripe: StandIn, order) -> None:
    """Let it know what an order's payments captured."""
    for paid in order.payments.all():
        stripe.payments[paid.payment_intent] = Payment(paid.captured_minor, paid.currency)
