"""Returns and what is in them."""

from functools import partial

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from returns.models.policies import PolicyVersion
from returns.reasons import (
    CONDITIONS,
    DISPOSITIONS,
    EXCEPTIONS,
    GRADES,
    METHODS,
    PICKUP_KINDS,
    REASONS,
    RESOLUTIONS,
)
from returns.states import INSPECTION_MOVES, MONEY_MOVES, PARCEL_MOVES, TRAVELLING
from scheduling.models import Delivery, Merchant, Order, OrderItem, PickupPoint
from scheduling.models.orders import new_ref
from scheduling.states import check_move


class Return(models.Model):
    """Goods of one order on their way back, or about to be.

    Three axes, each moved by its own table (returns/states.py): where the parcel is, what inspection found,
    what became of the money. `version` counts changes: who changes names the one they saw.
    """

    class Kind(models.TextChoices):
        POLICY = "policy", _("by the shop’s rules")
        WITHDRAWAL = "withdrawal", _("withdrawn from the contract")
        AT_DOOR = "at_door", _("not taken at the door")

    class Parcel(models.TextChoices):
        DRAFT = "draft", _("being chosen")
        DROPPED = "dropped", _("never sent off")
        REQUESTED = "requested", _("asked for")
        APPROVED = "approved", _("may come back")
        REJECTED = "rejected", _("not accepted")
        BOOKED = "booked", _("a pickup is booked")
        COLLECTED = "collected", _("collected")
        HANDED_IN = "handed_in", _("handed in at a point")
        RECEIVED = "received", _("arrived")
        KEPT = "kept", _("kept by its customer")
        CANCELLED = "cancelled", _("called off")

    class Inspection(models.TextChoices):
        WAITING = "waiting", _("not looked at yet")
        DONE = "done", _("looked at")
        UNNEEDED = "unneeded", _("nothing to look at")

    class Money(models.TextChoices):
        OPEN = "open", _("not decided yet")
        NOTHING = "nothing", _("nothing to pay back")
        DUE = "due", _("to be paid back")
        STAFF = "staff", _("waits for somebody of the shop")
        PAID = "paid", _("paid back")

    ref = models.CharField(max_length=16, unique=True, default=partial(new_ref, 10))
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="returns")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="returns")
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="returns", null=True, help_text=_("what brought it")
    )
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, null=True, related_name="returns")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.POLICY)
    parcel = models.CharField(max_length=10, choices=Parcel, default=Parcel.DRAFT)
    inspection = models.CharField(max_length=8, choices=Inspection, default=Inspection.WAITING)
    money = models.CharField(max_length=8, choices=Money, default=Money.OPEN)
    version = models.PositiveIntegerField(default=1)
    method = models.CharField(max_length=8, choices=list(METHODS.items()), blank=True)
    fee_minor = models.PositiveIntegerField(default=0)
    delivery_minor = models.PositiveIntegerField(_("of what bringing it cost, given back"), default=0)
    currency = models.CharField(max_length=3)
    pickup_kind = models.CharField(
        _("how it is packed for whoever fetches it"),
        max_length=10,
        choices=list(PICKUP_KINDS.items()),
        default="boxed",
        db_default="boxed",
    )
    pickup = models.OneToOneField(
        Delivery,
        on_delete=models.PROTECT,
        related_name="pickup_of",
        null=True,
        help_text=_("what fetches it"),
    )
    swap = models.OneToOneField(
        Delivery,
        on_delete=models.PROTECT,
        related_name="swap_of",
        null=True,
        help_text=_("what is brought for it, by the visit that fetches it"),
    )
    point = models.ForeignKey(PickupPoint, on_delete=models.PROTECT, null=True, related_name="returns")
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = PhoneNumberField(blank=True)
    language = models.CharField(max_length=16, default="en")
    refund_due_at = models.DateTimeField(_("by when the law wants the money back"), null=True)
    refund_told_at = models.DateTimeField(_("when its shop was reminded of that"), null=True)
    created_at = models.DateTimeField()
    requested_at = models.DateTimeField(null=True)
    collected_at = models.DateTimeField(_("when it left its customer"), null=True)
    received_at = models.DateTimeField(null=True)
    inspected_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(_("when the money was paid, or nothing was to be"), null=True)
    closed_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # The same on each device: what is being chosen of an order is one thing.
            models.UniqueConstraint(
                fields=["order", "delivery"], condition=Q(parcel="draft"), name="return_chosen_once"
            ),
            models.CheckConstraint(condition=Q(parcel__in=list(PARCEL_MOVES)), name="return_parcel_is_known"),
            models.CheckConstraint(
                condition=Q(inspection__in=list(INSPECTION_MOVES)), name="return_inspection_is_known"
            ),
            models.CheckConstraint(condition=Q(money__in=list(MONEY_MOVES)), name="return_money_is_known"),
            models.CheckConstraint(
                condition=Q(parcel__in=["draft", "dropped"]) | Q(requested_at__isnull=False),
                name="return_was_requested_at",
            ),
            models.CheckConstraint(
                condition=~Q(parcel="booked") | Q(pickup__isnull=False), name="booked_return_has_a_pickup"
            ),
            models.CheckConstraint(
                condition=Q(swap__isnull=True) | Q(pickup__isnull=False, swap=F("pickup")),
                name="return_is_swapped_by_one_visit",
            ),
            models.CheckConstraint(
                condition=Q(pickup_kind__in=PICKUP_KINDS), name="return_pickup_kind_is_known"
            ),
            models.CheckConstraint(condition=~Q(currency=""), name="return_has_a_currency"),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(contact_name="", contact_email="", contact_phone=""),
                name="erased_return_names_nobody",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def move(self, *, parcel: str = "", inspection: str = "", money: str = "") -> None:
        """Move along one or more axes as their tables allow; raise IllegalMove otherwise. Does not save."""
        for field, target, moves in (
            ("parcel", parcel, PARCEL_MOVES),
            ("inspection", inspection, INSPECTION_MOVES),
            ("money", money, MONEY_MOVES),
        ):
            if target:
                check_move(moves, getattr(self, field), target)
                setattr(self, field, target)
        self.version += 1


COUNTS = Least(
    Case(
        When(of__parcel="received", then=Coalesce("received", "collected", "quantity")),
        When(of__parcel="collected", then=Coalesce("collected", "quantity")),
        default="quantity",
        output_field=models.IntegerField(),
    ),
    F("quantity") - F("elsewhere"),
)
"""`ReturnItem.counts` as the database works it out."""


class ReturnItemQuerySet(models.QuerySet["ReturnItem"]):
    """Queries over what comes back."""

    def travelling(self) -> "ReturnItemQuerySet":
        """What is no longer its customer's to send back, as far as it counts (see COUNTS)."""
        return self.filter(of__parcel__in=TRAVELLING)


class ReturnItem(models.Model):
    """Some of one line of an order: why it comes back, what was promised for it, what was found.

    `collected` is what the driver took, `received` what the desk unpacked, `accepted` and `rejected` what it
    decided; None: not counted yet. `elsewhere` are those that were not taken, and that another return was
    asked for before that was taken back. `value_minor` is what its customer paid for all of `quantity`,
    `refund_minor` what they get of it, once that is known.
    """

    of = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="items")
    item = models.ForeignKey(OrderItem, on_delete=models.PROTECT, related_name="returned")
    quantity = models.PositiveIntegerField()
    reason = models.CharField(max_length=20, choices=list(REASONS.items()), blank=True)
    comment = models.CharField(max_length=500, blank=True)
    condition = models.CharField(max_length=10, choices=list(CONDITIONS.items()), blank=True)
    resolution = models.CharField(max_length=12, choices=list(RESOLUTIONS.items()), default="refund")
    wanted_sku = models.CharField(_("the variant wanted instead"), max_length=80, blank=True)
    rule = models.CharField(_("the rule that decided"), max_length=80, blank=True)
    value_minor = models.PositiveIntegerField(default=0)
    collected = models.PositiveIntegerField(null=True)
    received = models.PositiveIntegerField(null=True)
    accepted = models.PositiveIntegerField(null=True)
    rejected = models.PositiveIntegerField(null=True)
    elsewhere = models.PositiveIntegerField(
        _("of these, what another return is for by now"), default=0, db_default=0
    )
    exception = models.CharField(max_length=16, choices=list(EXCEPTIONS.items()), blank=True)
    grade = models.CharField(max_length=10, choices=list(GRADES.items()), blank=True)
    deduction_minor = models.PositiveIntegerField(default=0)
    deduction_reason = models.CharField(max_length=200, blank=True)
    disposition = models.CharField(max_length=10, choices=list(DISPOSITIONS.items()), blank=True)
    exchange_minor = models.PositiveIntegerField(_("what is sent for it costs, all of it"), null=True)
    refund_minor = models.PositiveIntegerField(null=True)
    inspected_at = models.DateTimeField(null=True)
    on_sale_at = models.DateTimeField(null=True)

    objects = ReturnItemQuerySet.as_manager()

    class Meta:
        ordering = ["of", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["of", "item"], name="return_names_an_item_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="return_item_is_one_at_least"),
            models.CheckConstraint(
                condition=Q(elsewhere__lte=F("quantity")), name="return_item_is_elsewhere_at_most_whole"
            ),
            models.CheckConstraint(
                condition=Q(refund_minor__isnull=True) | Q(refund_minor__lte=F("value_minor")),
                name="return_item_refunds_its_value_at_most",
            ),
            models.CheckConstraint(
                condition=Q(accepted__isnull=True)
                | Q(rejected__isnull=False, received__gte=F("accepted") + F("rejected")),
                name="return_decides_about_what_arrived",
            ),
            models.CheckConstraint(
                condition=Q(accepted__isnull=True) | Q(accepted__lte=F("quantity")),
                name="return_accepts_what_was_announced",
            ),
            models.CheckConstraint(
                condition=Q(deduction_minor=0) | ~Q(deduction_reason=""), name="return_deduction_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.item_id}"

    @property
    def awaited(self) -> int:
        """How many may come with this return: all that were announced, but those that another is for."""
        return self.quantity - self.elsewhere

    @property
    def counts(self) -> int:
        """How many count as coming back: what was taken, as far as anybody counted, never more than awaited.

        What does not count is its customer's, and may be sent back once more. `of` is loaded.
        """
        found = None
        if self.of.parcel in (Return.Parcel.COLLECTED, Return.Parcel.RECEIVED):
            found = self.collected
        if self.of.parcel == Return.Parcel.RECEIVED and self.received is not None:
            found = self.received
        return self.awaited if found is None else min(found, self.awaited)


class ReturnPhoto(models.Model):
    """A photo of something that comes back, below MEDIA_ROOT: its customer's, the driver's or the desk's."""

    class Taken(models.TextChoices):
        CUSTOMER = "customer", _("by its customer")
        DRIVER = "driver", _("by the driver")
        DESK = "desk", _("at the desk")

    of = models.ForeignKey(ReturnItem, on_delete=models.CASCADE, related_name="photos")
    taken = models.CharField(max_length=8, choices=Taken)
    file = models.CharField(max_length=80)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["of", "pk"]

    def __str__(self) -> str:
        return self.file
