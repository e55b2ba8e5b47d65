"""What is kept about a person at one merchant, told to them whole: a JSON file, one row after another."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models import AccessLink, Message
from portal.pickup import point_line, point_of
from returns.models import ReturnItem
from returns.selectors.person import returns_of, withdrawals_of
from scheduling.models import AccessNotes, Attempt, Delivery
from scheduling.selectors.person import Person, person_behind

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the file: its key, a sentence what it is, and its rows."""

    key: str
    about: str | LazyText
    rows: Callable[[Person], Iterable[Row]]


def kept_about(delivery: Delivery, *, now: datetime) -> Iterator[str]:
    """Yield the file: what is proven to be the person's behind a delivery, at its merchant.

    Sentences are in the language that is active now; rows are read as they are written.
    """
    person = person_behind(delivery)
    head = {
        "about": _("All that is kept about you for your deliveries from this shop. Times are in UTC."),
        "shop": person.merchant.name,
        "made_at": now,
    }
    # Now, since what yields later does so after the page's language has ended.
    parts = [(part, _json({"about": str(part.about)})) for part in PARTS]
    return _written(_json(head), parts, person)


def _written(head: str, parts: list[tuple[Part, str]], person: Person) -> Iterator[str]:
    yield head[:-1]
    for part, about in parts:
        yield f',\n"{part.key}": {about[:-1]}, "rows": ['
        for number, row in enumerate(part.rows(person)):
            yield (",\n " if number else "\n ") + _json(row)
        yield "]}"
    yield "}\n"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def columns(row: Model, *names: str) -> Row:
    """Return some columns of a row by their names."""
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    return str(value) if hasattr(value, "as_e164") else value


def _deliveries(person: Person) -> Iterator[Row]:
    for one in person.all:
        yield columns(one, *DELIVERY) | {
            "order": one.order.number if one.order else "",
            "parcels": list(one.parcels.values_list("barcode", flat=True)),
            "booking": _booking(one),
        }


def _booking(delivery: Delivery) -> Row | None:
    booking = getattr(delivery, "booking", None)
    if booking is None:
        return None
    point = point_of(booking)
    window = columns(booking.stop, "opens_at", "closes_at") | {
        "pickup_point": point_line(point) if point else ""
    }
    return window | columns(
        booking, "state", "confirmed_at", "cancelled_at", "price_minor", "currency", "grams"
    )


def _addresses(person: Person) -> Iterator[Row]:
    for one in person.addresses().order_by("pk"):
        yield columns(one, "line", "unit", "postcode", "city", "country", "lat", "lon", "source", "pin_moved")


def _orders(person: Person) -> Iterator[Row]:
    for one in person.orders().order_by("pk").prefetch_related("items", "payments"):
        yield columns(one, *ORDER) | {
            "items": [columns(item, *ITEM) for item in one.items.all()],
            "payments": [
                columns(paid, "payment_intent", "captured_minor", "currency") for paid in one.payments.all()
            ],
        }


def _notes(person: Person) -> Iterator[Row]:
    for one in AccessNotes.objects.filter(delivery__in=[each.pk for each in person.all]):
        held = {"delivery": one.delivery.ref, "codes": list(one.codes)}
        yield held | columns(one, *NOTES)


def _promises(person: Person) -> Iterator[Row]:
    for one in person.promises().select_related("delivery").order_by("delivery", "number"):
        yield {"delivery": one.delivery.ref} | columns(
            one, "number", "opens_at", "closes_at", "cause", "reason", "made_at"
        )


def _events(person: Person) -> Iterator[Row]:
    for one in person.events().select_related("delivery").order_by("pk"):
        ref = one.delivery.ref if one.delivery else ""
        by = one.actor.partition(":")[0]
        yield {"delivery": ref, "by": by} | columns(one, "kind", "occurred_at", "data")


def _attempts(person: Person) -> Iterator[Row]:
    rows = Attempt.objects.filter(delivery__in=[each.pk for each in person.all])
    for one in rows.select_related("delivery").prefetch_related("proofs").order_by("delivery", "number"):
        proofs = [columns(proof, *PROOF) for proof in one.proofs.all()]
        yield {"delivery": one.delivery.ref} | columns(one, *ATTEMPT) | {"proofs": proofs}


def _quotes(person: Person) -> Iterator[Row]:
    for one in person.quotes().order_by("pk"):
        yield columns(one, "ref", "asked_at", "chosen_at", "chosen_key", "facts")


def _messages(person: Person) -> Iterator[Row]:
    refs = [each.pk for each in person.all]
    for one in Message.objects.filter(event__delivery__in=refs).select_related("event").order_by("pk"):
        about = {"about": one.event.kind}
        yield about | columns(one, "channel", "state", "attempts", "created_at", "sent_at")


def _links(person: Person) -> Iterator[Row]:
    refs = [each.pk for each in person.all]
    for one in AccessLink.objects.filter(delivery__in=refs).select_related("delivery").order_by("created_at"):
        yield {"delivery": one.delivery.ref} | columns(one, "kind", "created_at", "revoked_at")


def _returns(person: Person) -> Iterator[Row]:
    for one in returns_of(person):
        yield columns(one, *RETURN) | {
            "order": one.order.number,
            "items": [_returned(item) for item in one.items.all()],
            "refunds": [columns(paid, "amount_minor", "currency", "state") for paid in one.refunds.all()],
        }


def _returned(item: ReturnItem) -> Row:
    photos = [columns(photo, "taken", "file", "added_at") for photo in item.photos.all()]
    return columns(item, *RETURNED) | {"sku": item.item.sku, "photos": photos}


def _withdrawals(person: Person) -> Iterator[Row]:
    for one in withdrawals_of(person):
        yield columns(one, "name", "email", "order_number", "content", "stated_at")


DELIVERY: Final = (
    "ref",
    "state",
    "direction",
    "created_at",
    "contact_name",
    "contact_email",
    "contact_phone",
    "language",
    "quiet_from",
    "quiet_until",
    "load_g",
    "load_ml",
    "service_s",
    "extra_s",
    "requirements",
    "safe_place",
    "safe_place_note",
    "neighbour_name",
    "neighbour_unit",
    "safe_place_photo",
    "safe_place_kept",
    "safe_place_recalled",
    "worth_minor",
    "tells_street",
)
ORDER: Final = (
    "number",
    "told_at",
    "placed_at",
    "currency",
    "contact_name",
    "contact_email",
    "contact_phone",
)
NOTES: Final = (
    "entrance",
    "floor",
    "lift",
    "buzzer",
    "parking",
    "stairs",
    "dog",
    "step_back",
    "hearing",
    "mobility",
    "speaks",
    "text",
    "kept",
    "changed_at",
)
ATTEMPT: Final = (
    "number",
    "outcome",
    "reason",
    "to_whom",
    "note",
    "parcels",
    "age_checked",
    "lat",
    "lon",
    "accuracy_m",
    "distance_m",
    "arrived_at",
    "happened_at",
    "told_at",
    "undone_at",
    "undone_because",
)
PROOF: Final = ("kind", "path", "strokes", "kept_at", "removed_at")
RETURN: Final = (
    "ref",
    "kind",
    "parcel",
    "inspection",
    "money",
    "method",
    "fee_minor",
    "currency",
    "contact_name",
    "contact_email",
    "contact_phone",
    "created_at",
    "requested_at",
    "collected_at",
    "received_at",
    "settled_at",
)
RETURNED: Final = (
    "quantity",
    "reason",
    "comment",
    "condition",
    "resolution",
    "wanted_sku",
    "accepted",
    "rejected",
    "grade",
    "deduction_minor",
    "deduction_reason",
    "refund_minor",
)
ITEM: Final = (
    "line",
    "sku",
    "name",
    "quantity",
    "price_minor",
    "tax_minor",
    "discount_minor",
    "category",
    "tags",
    "weight_g",
    "size",
    "final_sale",
    "serial_number",
    "image_url",
)
PARTS: Final = (
    Part("deliveries", gettext_lazy("Your deliveries, and times you kept and did not book."), _deliveries),
    Part("addresses", gettext_lazy("Where we come to, as you agreed to it; degrees of the pin."), _addresses),
    Part("orders", gettext_lazy("What the shop told us that you bought; prices in cents."), _orders),
    Part("getting_in", gettext_lazy("How we get in. Of codes we say only that there are some."), _notes),
    Part("promises", gettext_lazy("Each time that was promised to you, in order."), _promises),
    Part("attempts", gettext_lazy("What happened at your door, with photos and signatures."), _attempts),
    Part("events", gettext_lazy("What happened, when, and through what: your link, the shop, us."), _events),
    Part("quotes", gettext_lazy("Each time you asked when we could come, and for what."), _quotes),
    Part("returns", gettext_lazy("What you sent back, why, and what became of it."), _returns),
    Part("withdrawals", gettext_lazy("Contracts you withdrew from, word for word."), _withdrawals),
    Part("messages", gettext_lazy("What we wrote to you, and when. We don’t keep the text."), _messages),
    Part("links", gettext_lazy("The links you were sent. Nobody can read them here, us included."), _links),
)
