"""What was bought and where one visit's worth of it goes."""

import re
import secrets
from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from scheduling.facts import MOST_NAME, MOST_NOTE, MOST_UNIT, NEIGHBOUR, SAFE_PLACES, SafePlace
from scheduling.models.network import Merchant, check_requirements, coordinates_on_earth
from scheduling.states import DELIVERY_MOVES, check_move

REF_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing to mix up aloud


def new_ref(length: int = 10) -> str:
    """Return a reference to read out loud: no secret, but not to be counted through either."""
    return "".join(secrets.choice(REF_ALPHABET) for _i in range(length))


class Order(models.Model):
    """What a customer bought from a merchant; groups its deliveries.

    Its merchant tells it (`told_at`), or it is only known as the number of a delivery.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="orders")
    number = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    placed_at = models.DateTimeField(null=True)
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    contact_name = models.CharField(max_length=120, blank=True, default="", db_default="")
    contact_email = models.EmailField(blank=True, default="", db_default="")
    contact_phone = PhoneNumberField(blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(told_at__isnull=True, currency="") | Q(told_at__isnull=False) & ~Q(currency=""),
                name="order_told_has_a_currency",
            ),
            models.UniqueConstraint(fields=["merchant", "number"], name="order_number_once_per_merchant"),
            models.CheckConstraint(condition=~Q(number=""), name="order_has_a_number"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderItem(models.Model):
    """One line of an order; `price_minor` is for one, tax included. It is never changed."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    ref = models.CharField(max_length=16, unique=True, default=partial(new_ref, 12))
    line = models.PositiveSmallIntegerField()
    sku = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    price_minor = models.PositiveIntegerField()
    tax_minor = models.PositiveIntegerField(default=0)
    discount_minor = models.PositiveIntegerField(
        _("how much less than usual one cost"), default=0, db_default=0
    )
    quantity = models.PositiveIntegerField(default=1)
    category = models.CharField(max_length=120, blank=True)
    tags = models.JSONField(default=list, blank=True)
    weight_g = models.PositiveIntegerField(null=True, blank=True)
    size = models.CharField(max_length=60, blank=True)
    final_sale = models.BooleanField(default=False)
    serial_number = models.CharField(max_length=120, blank=True)
    image_url = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["order", "line"]
        constraints = [
            models.UniqueConstraint(fields=["order", "line"], name="order_item_numbered_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_item_is_one_at_least"),
            models.CheckConstraint(
                condition=Q(tax_minor__lte=F("price_minor")), name="order_tax_in_its_price"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class OrderPayment(models.Model):
    """What one payment of an order captured: no more than that can ever be given back through it.

    Whoever gives some of it back counts it in `refunded_minor`, under this row's lock, before anybody pays.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="payments")
    payment_intent = models.CharField(max_length=120)
    captured_minor = models.PositiveIntegerField()
    refunded_minor = models.PositiveIntegerField(default=0, db_default=0)
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "payment_intent"], name="order_payment_once"),
            models.CheckConstraint(condition=~Q(payment_intent=""), name="order_payment_is_named"),
            models.CheckConstraint(
                condition=Q(refunded_minor__lte=F("captured_minor")), name="order_payment_gives_back_its_own"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.captured_minor} {self.currency}"


class Address(models.Model):
    """Where a visit goes, as found and as its customer agreed to it. Never rewritten."""

    line = models.CharField(max_length=200)
    unit = models.CharField(max_length=60, blank=True)
    postcode = models.CharField(max_length=16, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, default="FI")
    lat = models.FloatField()
    lon = models.FloatField()
    confidence = models.FloatField()
    source = models.CharField(max_length=40)
    pin_moved = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            coordinates_on_earth("address"),
            models.CheckConstraint(condition=Q(confidence__range=(0, 1)), name="address_confidence_0_to_1"),
        ]

    def __str__(self) -> str:
        return f"{self.line}, {self.postcode} {self.city}".strip(", ")

    @property
    def household(self) -> str:
        """Return a key equal for two deliveries to one household, which says nothing by itself."""
        return household_key(line=self.line, unit=self.unit, postcode=self.postcode)

    @property
    def street(self) -> str:
        """Return its street without the house's number, as `street_of` spells it."""
        return street_of(self.line)


def household_key(*, line: str, unit: str, postcode: str) -> str:
    """Return the digest that counts a household once, however it wrote its address."""
    plain = "|".join("".join(part.split()).casefold() for part in (line, unit, postcode))
    return sha256(plain.encode()).hexdigest()[:16]


def street_of(line: str) -> str:
    """Return a line's street, spelt one way: without its number, and the letter behind that."""
    return " ".join(_NUMBER.sub(" ", line.casefold()).replace(",", " ").split())


_NUMBER: Final = re.compile(r"\S*\d\S*(?:\s+[^\W\d]\b)?")


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Filters on deliveries."""

    def lock(self, ids: Iterable[int]) -> "list[Delivery]":
        """Lock deliveries in one order; day plans are locked before them."""
        # Not their keys: else whoever records an event about one would wait, and that would tell it is there.
        return list(self.filter(pk__in=set(ids)).order_by("pk").select_for_update(no_key=True))


class Delivery(models.Model):
    """One visit's worth of goods for one address, out to a customer or in from them."""

    class Direction(models.TextChoices):
        OUT = "out", _("to the customer")
        IN = "in", _("from the customer")

    class State(models.TextChoices):
        DRAFT = "draft", _("being chosen")
        LAPSED = "lapsed", _("not confirmed in time")
        CONFIRMED = "confirmed", _("confirmed")
        ON_BOARD = "on_board", _("on the van")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("could not be delivered")
        AT_DEPOT = "at_depot", _("back at the depot")
        RETURNED = "returned", _("returned to the shop")
        CANCELLED = "cancelled", _("cancelled")

    ref = models.CharField(max_length=16, unique=True, default=partial(new_ref, 10))
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="deliveries")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="deliveries")
    address = models.ForeignKey(Address, on_delete=models.PROTECT, related_name="deliveries")
    direction = models.CharField(max_length=3, choices=Direction, default=Direction.OUT)
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    load_g = models.PositiveIntegerField()
    load_ml = models.PositiveIntegerField()
    parcel_count = models.PositiveSmallIntegerField(default=1)
    service_s = models.PositiveIntegerField()
    requirements = models.JSONField(default=list, blank=True, validators=[check_requirements])
    extra_s = models.PositiveSmallIntegerField(
        _("of its seconds at the door, those its customer asked for"), default=0, db_default=0
    )
    safe_place = models.CharField(
        _("where it may be left outside; empty: somebody is at home"),
        max_length=12,
        choices=list(SAFE_PLACES.items()),
        blank=True,
        default="",
        db_default="",
    )
    safe_place_note = models.CharField(max_length=MOST_NOTE, blank=True, default="", db_default="")
    safe_place_photo = models.CharField(
        _("its photo, below MEDIA_ROOT"), max_length=80, blank=True, default="", db_default=""
    )
    neighbour_name = models.CharField(max_length=MOST_NAME, blank=True, default="", db_default="")
    neighbour_unit = models.CharField(
        _("the neighbour’s house or flat"), max_length=MOST_UNIT, blank=True, default="", db_default=""
    )
    safe_place_kept = models.BooleanField(
        _("taken for what comes to this door next time, too"), default=False, db_default=False
    )
    safe_place_recalled = models.BooleanField(
        _("taken from last time, and not said anew"), default=False, db_default=False
    )
    worth_minor = models.PositiveIntegerField(
        _("what its shop said its goods are worth; 0: not told"), default=0, db_default=0
    )
    takes_g = models.PositiveIntegerField(_("grams taken back in exchange"), default=0, db_default=0)
    takes_ml = models.PositiveIntegerField(default=0, db_default=0)
    takes_parcels = models.PositiveSmallIntegerField(
        _("parcels taken back in exchange, by the visit that brings the rest"), default=0, db_default=0
    )
    tells_street = models.BooleanField(
        _("its street may hear that a van comes"), default=False, db_default=False
    )
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = PhoneNumberField(blank=True)
    language = models.CharField(max_length=16, default="en")
    quiet_from = models.TimeField(_("from when on its contact wants no mails that can wait"), null=True)
    quiet_until = models.TimeField(_("until when; both in the depot’s zone, over midnight too"), null=True)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(_("since when it is nobody’s: who it was for is erased"), null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["merchant"], condition=Q(safe_place_kept=True), name="delivery_by_kept_place"
            ),
            models.Index(
                fields=["address"],
                condition=Q(tells_street=True, state="confirmed"),
                name="delivery_telling_its_street",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "lapsed"]) | Q(order__isnull=False),
                name="confirmed_delivery_has_an_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "lapsed"])
                | ~Q(contact_email="")
                | ~Q(contact_phone="")
                | Q(erased_at__isnull=False),
                name="confirmed_delivery_has_a_contact",
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True)
                | Q(
                    contact_name="",
                    contact_email="",
                    contact_phone="",
                    safe_place_note="",
                    safe_place_photo="",
                    neighbour_name="",
                    neighbour_unit="",
                ),
                name="erased_delivery_names_nobody",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
                name="delivery_quiet_hours_begin_and_end",
            ),
            models.CheckConstraint(condition=Q(parcel_count__gte=1), name="delivery_has_a_parcel"),
            models.CheckConstraint(
                condition=Q(takes_parcels=0, takes_g=0, takes_ml=0)
                | Q(takes_parcels__gte=1, direction="out"),
                name="delivery_takes_back_what_it_exchanges",
            ),
            models.CheckConstraint(
                condition=Q(extra_s__lte=F("service_s")), name="delivery_extra_is_of_its_service"
            ),
            models.CheckConstraint(
                condition=Q(safe_place__in=["", *SAFE_PLACES]), name="delivery_safe_place_is_known"
            ),
            models.CheckConstraint(
                condition=Q(safe_place_note="") | ~Q(safe_place=""), name="delivery_note_is_on_a_safe_place"
            ),
            models.CheckConstraint(
                condition=Q(neighbour_name="", neighbour_unit="")
                | Q(safe_place=NEIGHBOUR) & ~Q(neighbour_name="") & ~Q(neighbour_unit=""),
                name="delivery_neighbour_is_known",
            ),
            models.CheckConstraint(
                condition=Q(safe_place_kept=False, safe_place_recalled=False, safe_place_photo="")
                | ~Q(safe_place=""),
                name="delivery_keeps_a_safe_place",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def left_at(self) -> SafePlace:
        """Return where it may be left when nobody opens; nowhere once its neighbour is erased."""
        if self.safe_place == NEIGHBOUR and not self.neighbour_name:
            return SafePlace()
        return SafePlace(self.safe_place, self.safe_place_note, self.neighbour_name, self.neighbour_unit)

    @property
    def exchanges(self) -> bool:
        """Whether something is taken back by the visit that brings the rest."""
        return self.takes_parcels > 0

    @property
    def fetches(self) -> bool:
        """Whether something is taken from its customer, alone or in exchange."""
        return self.exchanges or self.direction == self.Direction.IN

    def move_to(self, state: str) -> None:
        """Change the state as the table allows; raise IllegalMove otherwise. Does not save."""
        check_move(DELIVERY_MOVES, self.state, state)
        self.state = state


class JoinedOrder(models.Model):
    """A further order that comes with a delivery already booked. The delivery’s own numbers hold all."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="joined_orders")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="joined_to")
    parcels = models.PositiveSmallIntegerField()
    load_g = models.PositiveIntegerField()
    load_ml = models.PositiveIntegerField()
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "order"], name="order_joins_a_delivery_once"),
            models.CheckConstraint(condition=Q(parcels__gte=1), name="joined_order_has_a_parcel"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} with {self.delivery_id}"


def new_barcode() -> str:
    """Return a parcel's barcode, until the shop sends its own."""
    return "DS" + new_ref(12)


class Parcel(models.Model):
    """One box of a delivery."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="parcels")
    barcode = models.CharField(max_length=64, default=new_barcode)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="parcels")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "barcode"], name="barcode_once_per_merchant")
        ]

    def __str__(self) -> str:
        return self.barcode
