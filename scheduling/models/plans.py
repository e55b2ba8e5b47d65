"""Day plans and what hangs on them. The DayPlan row is the mutex of its routes."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from scheduling.access import Part
from scheduling.models.network import Depot
from scheduling.models.orders import Delivery
from scheduling.models.points import PickupPoint
from scheduling.models.vehicles import Vehicle
from scheduling.states import PLAN_MOVES, ROUTE_MOVES, STOP_MOVES, allows, check_move

POSITION_STEP = 1 << 16  # stops stand far apart, so that an insertion writes one position


class DayPlanQuerySet(models.QuerySet["DayPlan"]):
    """Filters and the lock of day plans."""

    def lock(self, ids: Iterable[int]) -> "dict[int, DayPlan]":
        """Lock day plans in (depot, date) order and return them by id; no two callers deadlock.

        SQLite locks the whole database when the transaction begins, so there this only reads.
        """
        plans = self.filter(pk__in=set(ids)).order_by("depot_id", "service_date")
        return {plan.pk: plan for plan in plans.select_for_update(of=("self",)).select_related("depot")}


class DayPlan(models.Model):
    """All tentative routes of one depot on one local date: the unit of locking."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")
        LOCKED = "locked", _("locked")
        STARTED = "started", _("started")
        FINISHED = "finished", _("finished")

    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="day_plans")
    service_date = models.DateField()
    origin_at = models.DateTimeField(_("local midnight, from which the core counts seconds"))
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    version = models.PositiveBigIntegerField(default=1)
    changed_at = models.DateTimeField(null=True)
    improved_version = models.PositiveBigIntegerField(
        _("the version that was improved last"), default=1, db_default=1
    )
    improvement_asked_at = models.DateTimeField(null=True)
    accounted_at = models.DateTimeField(_("when its grams were shared among its stops"), null=True)
    improvement_asked_by = models.CharField(max_length=60, blank=True, db_default="", default="")

    objects = DayPlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["depot", "service_date"], name="one_plan_per_depot_and_day"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "closed", "locked", "started", "finished"]),
                name="plan_state_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.depot} {self.service_date}"

    def allows(self, write: str, *, pickup: bool = False) -> bool:
        """Whether the plan's state takes this write, of a delivery or of a pickup."""
        return allows(self.state, write, pickup=pickup)

    def move_to(self, state: str) -> None:
        """Change the state as the table allows; raise IllegalMove otherwise. Does not save."""
        check_move(PLAN_MOVES, self.state, state)
        self.state = state


class Driver(models.Model):
    """Who drives for a depot. Customers read a first name or the vehicle only where that was agreed to."""

    depot = models.ForeignKey(Depot, on_delete=models.CASCADE, related_name="drivers")
    name = models.CharField(max_length=120)
    phone = PhoneNumberField(blank=True, default="")
    language = models.CharField(max_length=16, default="en")
    shows_name = models.BooleanField(_("customers may read the first name, on the day"), default=False)
    shows_vehicle = models.BooleanField(_("customers may read the vehicle’s name, on the day"), default=False)
    active = models.BooleanField(default=True)
    start_lat = models.FloatField(
        _("where they begin and end, if not at the depot: latitude"), null=True, blank=True
    )
    start_lon = models.FloatField(_("longitude"), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(start_lat__isnull=True, start_lon__isnull=True)
                | Q(start_lat__range=(-90, 90), start_lon__range=(-180, 180)),
                name="driver_starts_on_earth",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def first_name(self) -> str:
        """Return the first of its names."""
        return self.name.split()[0] if self.name.split() else ""


class Shift(models.Model):
    """One vehicle's working day."""

    plan = models.ForeignKey(DayPlan, on_delete=models.CASCADE, related_name="shifts")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="shifts")
    driver = models.ForeignKey(Driver, on_delete=models.SET_NULL, related_name="shifts", null=True)
    assigned_by = models.CharField(
        _("who gave it its driver or vehicle by hand; empty: nobody did, and it may get another by itself"),
        max_length=80,
        blank=True,
        default="",
        db_default="",
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    max_shift_s = models.PositiveIntegerField()
    break_after_s = models.PositiveIntegerField(
        _("seconds on the road without a break at most"), null=True, blank=True
    )
    hides_position = models.BooleanField(
        _("its driver does not want its vehicle’s place to be kept"), default=False, db_default=False
    )
    reload_s = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "vehicle", "starts_at"], name="shift_listed_once"),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="shift_starts_to_end"),
        ]

    def __str__(self) -> str:
        return f"{self.vehicle} {self.starts_at:%Y-%m-%d}"


class Route(models.Model):
    """One trip of a shift from depot to depot; its way back is kept here, its other arcs on its stops."""

    class State(models.TextChoices):
        TENTATIVE = "tentative", _("tentative")
        LOADED = "loaded", _("loaded")
        STARTED = "started", _("on the road")
        FINISHED = "finished", _("finished")

    shift = models.ForeignKey(Shift, on_delete=models.CASCADE, related_name="routes")
    trip = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.TENTATIVE)
    return_s = models.PositiveIntegerField(default=0)
    return_m = models.PositiveIntegerField(default=0)
    return_source = models.CharField(max_length=20, blank=True)
    loaded_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    late_s = models.PositiveIntegerField(
        _("seconds by which its driver says they will be later than usual"), default=0, db_default=0
    )
    late_said_at = models.DateTimeField(null=True)
    broke_down_at = models.DateTimeField(_("since when its vehicle can’t go on"), null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shift", "trip"], name="trip_numbered_once")]

    def __str__(self) -> str:
        return f"{self.shift} trip {self.trip}"

    def move_to(self, state: str) -> None:
        """Change the state as the table allows; raise IllegalMove otherwise. Does not save."""
        check_move(ROUTE_MOVES, self.state, state)
        self.state = state


class StopQuerySet(models.QuerySet["Stop"]):
    """Filters on stops."""

    def active(self) -> "StopQuerySet":
        """Keep stops that take a place on a route."""
        return self.filter(state__in=Stop.ACTIVE, unassigned_at__isnull=True)

    def booked(self) -> "StopQuerySet":
        """Keep booked stops."""
        return self.filter(state=Stop.State.BOOKED)

    def to_do(self) -> "StopQuerySet":
        """Keep stops at which somebody, or a rest, still waits."""
        waiting = self.filter(state__in=(Stop.State.BOOKED, Stop.State.REST), done_at__isnull=True)
        return waiting.filter(unassigned_at__isnull=True)

    def of_plan(self, plan: DayPlan) -> "StopQuerySet":
        """Keep the stops of one day plan."""
        return self.filter(route__shift__plan=plan)


class Stop(models.Model):
    """A place on a route: held, booked, a rest, or merely driven through. Other states are history.

    It stands at its pickup point where it has one, else at its delivery’s address. Where a delivery goes is
    where its booking’s stop stands; what is said of the door at home waits there until it comes home.
    """

    class State(models.TextChoices):
        HELD = "held", _("held")
        BOOKED = "booked", _("booked")
        WAYPOINT = "waypoint", _("driven through")
        REST = "rest", _("rest")
        RELEASED = "released", _("released")
        LAPSED = "lapsed", _("lapsed")
        REPLACED = "replaced", _("replaced")
        CANCELLED = "cancelled", _("cancelled")

    ACTIVE = ("held", "booked", "waypoint", "rest")
    FOR_SOMEBODY = ("held", "booked")

    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="stops")
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="stops", null=True)
    rest = models.OneToOneField("scheduling.Rest", on_delete=models.PROTECT, related_name="stop", null=True)
    pickup_point = models.ForeignKey(PickupPoint, on_delete=models.PROTECT, related_name="stops", null=True)
    service_s = models.PositiveIntegerField(
        _("seconds at its pickup point; empty: it is at its delivery’s own door"), null=True
    )
    state = models.CharField(max_length=10, choices=State)
    position = models.BigIntegerField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    buffer_s = models.PositiveIntegerField(
        _("seconds that the routes keep free at the end of its window"), default=0, db_default=0
    )
    not_before_at = models.DateTimeField(_("before which no access rule lets its service begin"), null=True)
    done_by_at = models.DateTimeField(_("at which access rules want its service done"), null=True)
    barred = models.TextField(
        _("slugs of the vehicle classes that may not serve it"), blank=True, default="", db_default=""
    )
    arc_s = models.PositiveIntegerField(_("seconds from the stop before"))
    arc_m = models.PositiveIntegerField(_("metres from the stop before"))
    arc_source = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    arrived_at = models.DateTimeField(_("when its driver came, as they say"), null=True)
    done_at = models.DateTimeField(_("when it was over: handed over, in vain, or rested"), null=True)
    unassigned_at = models.DateTimeField(
        _("since when no vehicle brings it: the one of its route broke down"), null=True
    )
    placed_by = models.CharField(
        _("who put it on its route by hand; empty: nobody, and better routes may move it"),
        max_length=80,
        blank=True,
        default="",
        db_default="",
    )

    objects = StopQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["delivery"], condition=Q(state="booked"), name="one_booked_stop_per_delivery"
            ),
            models.UniqueConstraint(
                fields=["delivery"], condition=Q(state="held"), name="one_held_stop_per_delivery"
            ),
            models.UniqueConstraint(
                fields=["route", "position"],
                condition=Q(state__in=["held", "booked", "waypoint", "rest"], unassigned_at__isnull=True),
                name="one_stop_per_position",
            ),
            models.CheckConstraint(
                condition=Q(state="rest", rest__isnull=False, delivery__isnull=True)
                | ~Q(state="rest") & Q(rest__isnull=True, delivery__isnull=False),
                name="stop_is_for_a_delivery_or_a_rest",
            ),
            models.CheckConstraint(
                condition=Q(pickup_point__isnull=True, service_s__isnull=True)
                | Q(pickup_point__isnull=False, service_s__isnull=False, rest__isnull=True),
                name="stop_at_a_point_knows_its_seconds",
            ),
            models.CheckConstraint(condition=Q(opens_at__lt=F("closes_at")), name="stop_opens_to_close"),
            models.CheckConstraint(
                condition=Q(unassigned_at__isnull=True) | Q(state__in=["booked", "replaced", "cancelled"]),
                name="stop_without_a_vehicle_was_booked",
            ),
            models.CheckConstraint(
                condition=Q(arrived_at__isnull=True)
                | Q(done_at__isnull=True)
                | Q(arrived_at__lte=F("done_at")),
                name="stop_is_done_after_arrival",
            ),
            models.CheckConstraint(
                condition=Q(not_before_at__isnull=True)
                | Q(done_by_at__isnull=True)
                | Q(not_before_at__lt=F("done_by_at")),
                name="stop_begins_before_it_is_done",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "held",
                        "booked",
                        "waypoint",
                        "rest",
                        "released",
                        "lapsed",
                        "replaced",
                        "cancelled",
                    ]
                ),
                name="stop_state_is_known",
            ),
        ]
        indexes = [models.Index(fields=["route", "position"], name="stop_by_route")]

    def __str__(self) -> str:
        return f"{self.delivery_id or self.rest_id} {self.state}"

    @property
    def part(self) -> Part:
        """Return what its routes keep to within its window."""
        return Part(self.not_before_at, self.done_by_at, frozenset(self.barred.split()))

    def move_to(self, state: str) -> None:
        """Change the state as the table allows; raise IllegalMove otherwise. Does not save."""
        check_move(STOP_MOVES, self.state, state)
        self.state = state


class Improvement(models.Model):
    """One run of the solver on one version of a day plan, and what became of it."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("running")
        SWAPPED = "swapped", _("better routes taken")
        NO_GAIN = "no_gain", _("nothing better found")
        NO_PLACE = "no_place", _("somebody who came meanwhile does not fit the better routes")
        OFFERS = "offers", _("times that somebody is looking at would not fit")
        RANGE = "range", _("better routes would go further than a battery reaches")
        OVER = "over", _("the day takes no better routes any more")
        BUSY = "busy", _("the day was busy")
        LOST = "lost", _("the run did not come back")

    LEASE = timedelta(minutes=3)
    """A run that has not come back by then never will."""

    plan = models.ForeignKey(DayPlan, on_delete=models.CASCADE, related_name="improvements")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    version = models.PositiveBigIntegerField(_("the version it started from"))
    visits = models.PositiveIntegerField()
    budget_ms = models.PositiveIntegerField()
    actor = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    before_s = models.PositiveBigIntegerField(_("what the routes cost, in seconds of driving"), null=True)
    after_s = models.PositiveBigIntegerField(null=True)
    before_m = models.PositiveBigIntegerField(null=True)
    after_m = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan"], condition=Q(outcome="running"), name="one_improvement_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(outcome="running", finished_at__isnull=True)
                | ~Q(outcome="running") & Q(finished_at__isnull=False),
                name="improvement_ends_with_an_outcome",
            ),
        ]
        indexes = [models.Index(fields=["plan", "-started_at"], name="improvement_by_plan")]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.version} {self.outcome}"


def seconds_after(origin_at: datetime, at: datetime) -> int:
    """Return whole seconds from a plan's origin to an instant (UTC arithmetic)."""
    return round((at - origin_at).total_seconds())
