"""No column is forgotten: each that could hold a person is erased, or stands here as holding nobody."""

from collections.abc import Iterator

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models

from portal.services import erasure
from returns.services import erasing as returns_erasing
from scheduling.services import erasing

OURS = ("portal", "returns", "scheduling")
COULD = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField)

SET_UP = {
    # Depots and shops, their staff and their programs: nobody who is visited.
    "portal.ApiKey",
    "portal.Brand",
    "portal.Membership",
    "portal.User",
    "portal.WebhookEndpoint",
    "portal.Widget",
    "returns.PolicyVersion",
    "returns.StripeAccount",
    "scheduling.AccessRule",
    "scheduling.Blackout",
    "scheduling.Buffer",
    "scheduling.Depot",
    "scheduling.Device",
    "scheduling.Driver",
    "scheduling.Merchant",
    "scheduling.MerchantDepot",
    "scheduling.Operator",
    "scheduling.PickupPoint",
    "scheduling.Rest",
    "scheduling.RestPattern",
    "scheduling.ShiftPattern",
    "scheduling.SlotPattern",
    "scheduling.TheftZone",
    "scheduling.Vehicle",
    "scheduling.VehicleClass",
}
NOBODY = {
    "portal.MessageRule.topic": "a list of ours",
    "portal.Silence.mark": "a keyed digest: without it we would write again",
    "portal.Message.message_id": "an event, a channel, a reference",
    "portal.Message.person": "a reference",
    "portal.Message.error": "the kind of a fault and numbers, never what a server said",
    "portal.WebhookDelivery.error": "the kind of a fault",
    "portal.DriverAct.code": "a refusal of ours",
    "portal.DriverAct.sentence": "a sentence of ours, with numbers on boxes at most",
    "portal.ParcelScan.barcode": "a number on a box",
    "portal.ShiftLink.device_digest": "the digest of a secret",
    "returns.Refund.by": "staff",
    "returns.Refund.currency": "money",
    "returns.Refund.stripe_id": "the shop's books need it",
    "returns.Return.currency": "money",
    "returns.Return.language": "says nobody",
    "returns.Return.ref": "drawn by lot",
    "returns.ReturnItem.rule": "a rule's name, the shop's",
    "returns.StoreCredit.code": "drawn by lot",
    "returns.RefundFault.subject": "the shop's books need it",
    "returns.StoreCredit.currency": "money",
    "returns.StripeEvent.event_id": "the shop's books need it",
    "returns.StripeEvent.kind": "a list of Stripe's",
    "returns.Withdrawal.answered_by": "staff by their number",
    "scheduling.Attempt.counts": "how many of which item",
    "scheduling.AccessRead.actor": "staff, or a shift by its number",
    "scheduling.Address.city": "as coarse as what is kept",
    "scheduling.Address.country": "as coarse as what is kept",
    "scheduling.Address.postcode": "as coarse as what is kept",
    "scheduling.Booking.currency": "money",
    "scheduling.Booking.offer_key": "a slot",
    "scheduling.CarbonAccount.factor_source": "where a factor is from",
    "scheduling.CarbonAccount.method": "how grams were counted",
    "scheduling.DayPlan.improvement_asked_by": "staff",
    "scheduling.Attempt.actor": "a shift by its number; staff",
    "scheduling.Attempt.parcels": "numbers on boxes",
    "scheduling.Attempt.seal": "a digest under a key",
    "scheduling.Attempt.undone_by": "staff, or a shift by its number",
    "scheduling.Proof.digest": "a digest",
    "scheduling.DayException.acknowledged_by": "staff",
    "scheduling.DayException.assigned_to": "staff",
    "scheduling.Shift.assigned_by": "staff",
    "scheduling.Stop.placed_by": "staff",
    "scheduling.DayException.settled_by": "staff or a clock",
    "scheduling.Position.source": "a device by its number",
    "scheduling.Delivery.language": "says nobody",
    "scheduling.Delivery.ref": "drawn by lot",
    "scheduling.Delivery.requirements": "a list of ours",
    "scheduling.Event.actor": "a link, a session or a key by its number; staff",
    "scheduling.Event.kind": "a list of ours",
    "scheduling.FileToRemove.path": "drawn by lot",
    "scheduling.Hold.currency": "money",
    "scheduling.Hold.offer_key": "a slot",
    "scheduling.Hold.token": "drawn by lot",
    "scheduling.Improvement.actor": "staff or a clock",
    "scheduling.Order.currency": "money",
    "scheduling.Order.number": "the shop's books need it",
    "scheduling.OrderImport.bad": "lines by their number, reasons of ours",
    "scheduling.OrderImport.content": "let go when it is taken in, after a day at most",
    "scheduling.OrderImport.encoding": "a list of ours",
    "scheduling.OrderImport.made_by": "staff",
    "scheduling.OrderImport.name": "a file's name, the shop's",
    "scheduling.OrderItem.ref": "drawn by lot",
    "scheduling.OrderPayment.currency": "money",
    "scheduling.OrderPayment.payment_intent": "the shop's books need it",
    "scheduling.Parcel.barcode": "a number on a box",
    "scheduling.Promise.actor": "a link or a key by its number; staff",
    "scheduling.Quote.chosen_key": "a slot",
    "scheduling.Quote.method": "how it was scored",
    "scheduling.Quote.offers": "times, metres, grams and prices",
    "scheduling.Quote.ref": "drawn by lot",
    "scheduling.Receipt.handler": "a name of ours",
    "scheduling.Route.return_source": "where metres are from",
    "scheduling.Stop.arc_source": "where metres are from",
    "scheduling.Stop.barred": "classes of vehicles",
}


def columns() -> Iterator[tuple[type[models.Model], models.Field]]:
    """Every column that could hold somebody's words; choices are our own words."""
    for model in (*(model for app in OURS for model in apps.get_app_config(app).get_models()), Session):
        for field in model._meta.concrete_fields:
            if isinstance(field, COULD) and not field.choices and field.remote_field is None:
                yield model, field


def erased(model: type[models.Model], column: str) -> bool:
    """Whether erasing says what becomes of a column."""
    rooms = (erasing, returns_erasing, erasure)
    known = {name for room in rooms for name in room.REWRITTEN.get(model, ())}
    known |= {name for room in (erasing, returns_erasing) for name in room.BLANK.get(model, ())}
    return column in known or any(model in room.DROPPED for room in rooms)


def named() -> set[str]:
    return {f"{model._meta.label}.{field.name}" for model, field in columns()}


def test_every_column_that_could_hold_a_person_is_erased_or_holds_nobody():
    forgotten = {
        f"{model._meta.label}.{field.name}"
        for model, field in columns()
        if not erased(model, field.name) and model._meta.label not in SET_UP
    }

    assert forgotten - NOBODY.keys() == set()


def test_nothing_is_said_of_columns_that_are_not_there_or_are_erased():
    gone = {f"{model._meta.label}.{field.name}" for model, field in columns() if erased(model, field.name)}

    assert NOBODY.keys() - named() == set()
    assert NOBODY.keys() & gone == set()
    assert {apps.get_model(label)._meta.label for label in SET_UP} == SET_UP


def test_a_column_that_nobody_thought_of_would_be_found():
    assert not erased(Session, "expire_date")
    assert "scheduling.Delivery.contact_email" in named()
    assert "portal.Repeatable.answer" in named()
