"""Questions and answers, places kept for a while, and what was promised."""

import secrets
from functools import partial

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scheduling.models.network import Merchant
from scheduling.models.orders import Delivery, new_ref
from scheduling.models.plans import Stop
from scheduling.states import HOLD_MOVES, check_move


class QuoteQuerySet(models.QuerySet["Quote"]):
    """The lock of a session."""

    def lock_session(self, *, session_key: str, merchant: Merchant) -> None:
        """Let one change at a time choose for a session at a shop; day plans are locked after it.

        The session's first quote is its mutex: whoever chooses has one, and it stays the first.
        """
        first = self.filter(session_key=session_key, merchant=merchant).order_by("pk")
        list(first.select_for_update(no_key=True).values_list("pk")[:1])


class Quote(models.Model):
    """One question with the answers it got, kept with what was chosen: later learning needs it.

    `facts` are the visit's (see `scheduling.facts.VisitFacts`), `offers` one object for each slot
    shown, chosen or not, with exact and banded values (see `scheduling.selectors.slots`). `kinds_seen`,
    `kinds_opened` and `kinds_refused` are SlotKinds: of its times that could be chosen, of those that a page
    drew, and of those that somebody pressed when they had gone.
    """

    ref = models.CharField(max_length=20, unique=True, default=partial(new_ref, 16))
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="quotes", db_index=False
    )  # quote_by_day begins with it
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, null=True, blank=True, related_name="quotes"
    )
    session_key = models.CharField(max_length=64)
    facts_digest = models.CharField(max_length=64)
    facts = models.JSONField()
    offers = models.JSONField(default=list)
    method = models.CharField(max_length=40)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    chosen_key = models.CharField(max_length=40, blank=True)
    chosen_at = models.DateTimeField(null=True, blank=True)
    kinds_seen = models.PositiveSmallIntegerField(default=0, db_default=0)
    kinds_opened = models.PositiveSmallIntegerField(default=0, db_default=0)
    kinds_refused = models.PositiveSmallIntegerField(default=0, db_default=0)

    objects = QuoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(asked_at__lt=F("expires_at")), name="quote_lives_a_while"),
            models.CheckConstraint(
                condition=Q(kinds_opened=F("kinds_opened").bitand(F("kinds_seen"))),  # type: ignore[arg-type] # stubs
                name="quote_opens_what_is_seen",
            ),
            models.CheckConstraint(
                condition=Q(kinds_refused=F("kinds_refused").bitand(F("kinds_seen"))),  # type: ignore[arg-type] # stubs
                name="quote_refuses_what_is_seen",
            ),
        ]
        indexes = [
            models.Index(fields=["session_key", "facts_digest", "asked_at"], name="quote_by_session"),
            models.Index(fields=["merchant", "asked_at"], name="quote_by_day"),
        ]

    def __str__(self) -> str:
        return self.ref


def new_hold_token() -> str:
    """Return the bearer token of a hold: 192 random bits."""
    return secrets.token_urlsafe(24)


class Hold(models.Model):
    """An offer kept for a while. Its expiry is judged by its time, not by a sweeper."""

    class State(models.TextChoices):
        LIVE = "live", _("live")
        CONFIRMED = "confirmed", _("confirmed")
        RELEASED = "released", _("released")
        LAPSED = "lapsed", _("lapsed")

    token = models.CharField(max_length=40, unique=True, default=new_hold_token)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="holds")
    stop = models.OneToOneField(Stop, on_delete=models.PROTECT, related_name="hold")
    quote = models.ForeignKey(Quote, on_delete=models.PROTECT, related_name="holds")
    offer_key = models.CharField(max_length=40)
    kind = models.PositiveSmallIntegerField(_("its SlotKind; 0: not kept"), default=0, db_default=0)
    session_key = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.LIVE)
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    cutoff_at = models.DateTimeField()
    extensions = models.PositiveSmallIntegerField(default=0)
    price_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    band_m = models.PositiveIntegerField()
    added_m = models.IntegerField()
    grams = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["delivery"], condition=Q(state="live"), name="one_live_hold_per_delivery"
            ),
            models.CheckConstraint(condition=Q(placed_at__lt=F("expires_at")), name="hold_lasts_a_while"),
            models.CheckConstraint(
                condition=Q(state__in=["live", "confirmed", "released", "lapsed"]), name="hold_state_is_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=[0, 1, 2, 4, 8]), name="hold_is_of_one_kind"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="live"), name="live_hold_by_expiry"),
            models.Index(fields=["session_key"], condition=Q(state="live"), name="live_hold_by_session"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} until {self.expires_at:%H:%M:%S}"

    @property
    def narrows_to_s(self) -> int:
        """Return how many seconds of its window are left the evening before, as it was offered; 0: all."""
        offered = (offer for offer in self.quote.offers if offer["key"] == self.offer_key)
        return next((int(offer.get("narrows_to_s", 0)) for offer in offered), 0)

    def move_to(self, state: str) -> None:
        """Change the state as the table allows; raise IllegalMove otherwise. Does not save."""
        check_move(HOLD_MOVES, self.state, state)
        self.state = state


class Booking(models.Model):
    """A confirmed stop and its price. Its window is the latest promise."""

    class State(models.TextChoices):
        BOOKED = "booked", _("booked")
        CANCELLED = "cancelled", _("cancelled")

    class Collector(models.TextChoices):
        SHOP = "shop", _("the shop")

    delivery = models.OneToOneField(Delivery, on_delete=models.PROTECT, related_name="booking")
    stop = models.OneToOneField(Stop, on_delete=models.PROTECT, related_name="booking")
    quote = models.ForeignKey(Quote, on_delete=models.PROTECT, related_name="bookings")
    offer_key = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State, default=State.BOOKED)
    confirmed_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)
    change_until_at = models.DateTimeField(_("until when its customer may change it"))
    price_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    collected_by = models.CharField(max_length=10, choices=Collector, default=Collector.SHOP)
    band_m = models.PositiveIntegerField()
    added_m = models.IntegerField()
    grams = models.IntegerField()
    narrows_to_s = models.PositiveIntegerField(
        _("seconds of its window that are left the evening before; 0: all"), default=0, db_default=0
    )
    narrowed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="booked", cancelled_at__isnull=True)
                | Q(state="cancelled", cancelled_at__isnull=False),
                name="cancelled_booking_says_when",
            )
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.state}"

    @property
    def unattended(self) -> bool:
        """Whether it comes at a time that was sold as one that needs nobody at home."""
        chosen = (offer for offer in self.quote.offers if offer["key"] == self.offer_key)
        return any(offer.get("unattended", False) for offer in chosen)


class Promise(models.Model):
    """A window promised to a customer. Rows are only added: the ledger of what was said when."""

    class Cause(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        MOVED = "moved", _("moved by its customer")
        NARROWED = "narrowed", _("narrowed, as agreed")
        OVERRIDDEN = "overridden", _("overridden")

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="promises")
    number = models.PositiveSmallIntegerField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    cause = models.CharField(max_length=10, choices=Cause)
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    longer_by_m = models.IntegerField(
        _("by how many metres it made the days’ routes longer; negative: shorter"), default=0, db_default=0
    )

    class Meta:
        ordering = ["delivery", "number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="promise_numbered_once"),
            models.CheckConstraint(condition=Q(opens_at__lt=F("closes_at")), name="promise_opens_to_close"),
            models.CheckConstraint(
                condition=~Q(cause="overridden") | (~Q(reason="") & ~Q(actor="")),
                name="override_names_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number}"
