"""Which slots are sold, and what decides about them before any route is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from django.utils.functional import Promise as LazyText

from scheduling import windows
from scheduling.access import AccessHours, Part, parts_of
from scheduling.allotments import Counts, Reserve, Taken
from scheduling.answers import OPEN, SlotAnswer
from scheduling.buffers import BufferRule, buffer_s
from scheduling.errors import OutsideArea, TooLarge
from scheduling.facts import VisitFacts
from scheduling.leaving import why_never_left
from scheduling.models import (
    AccessRule,
    Blackout,
    Buffer,
    DayPlan,
    Delivery,
    Merchant,
    MerchantDepot,
    SlotPattern,
)
from scheduling.models.slots import access_at, access_rules_of, buffers_at
from scheduling.set_up import SetUp, read_reserves
from scheduling.snapshots import Snapshot, plans_between, snapshots_of


@dataclass(frozen=True, slots=True)
class DayOfOutlet:
    """One outlet's day: its slots in order, the plan behind them and that plan's snapshot, if there are.

    `parts` are those of a slot's window which access rules leave, by the slot's key.
    """

    outlet: MerchantDepot
    service_date: date
    plan: DayPlan | None
    snapshot: Snapshot | None
    slots: tuple[SlotAnswer, ...]
    parts: Mapping[str, tuple[Part, ...]]


def serving_outlets(set_up: SetUp, facts: VisitFacts) -> list[MerchantDepot]:
    """Return the outlets that cover the address; raises OutsideArea if none does."""
    at = facts.address
    found = [o for o in set_up.outlets if o.covers(lat=at.lat, lon=at.lon, postcode=at.postcode)]
    if not found:
        raise OutsideArea
    return found


def require_carriable(set_up: SetUp, outlets: Iterable[MerchantDepot], facts: VisitFacts) -> None:
    """Raise TooLarge unless a vehicle of the outlets' depots could carry the load, were it empty."""
    if not any(
        kind.capacity_g >= facts.load_g and kind.capacity_ml >= facts.load_ml
        for kind in set_up.classes_at(outlets)
    ):
        raise TooLarge


def never_left(
    set_up: SetUp, outlets: Iterable[MerchantDepot], facts: VisitFacts, *, merchant: Merchant
) -> str | LazyText:
    """Return why a merchant's goods can't be left there, whoever brings them; "" where they can."""
    return why_never_left(
        merchant=merchant,
        requirements=facts.requirements,
        worth_minor=facts.worth_minor,
        zones=[zone for outlet in outlets for zone in set_up.theft_zones.get(outlet.depot_id, ())],
        at=facts.address,
    )


def days_of(
    outlet: MerchantDepot,
    *,
    facts: VisitFacts,
    handed_over: bool,
    set_up: SetUp,
    now: datetime,
    days: int,
    skip_days: int = 0,
    leaving_out: Delivery | None = None,
) -> list[DayOfOutlet]:
    """Return the outlet's days with rule-checked slots; days on which nothing is sold are left out.

    `handed_over`: the goods are never left outside.
    """
    first = windows.local_date(now, outlet.depot.zone) + timedelta(days=skip_days)
    last = first + timedelta(days=days - 1)
    plans = {plan.service_date: plan for plan in plans_between(outlet.depot, first, last)}
    snapshots = {s.plan_id: s for s in snapshots_of(plans.values(), now=now)}
    patterns = set_up.patterns.get(outlet.pk, ())
    rules = Rules(
        outlet=outlet,
        now=now,
        ready_at=outlet.ready_at(now),
        blackouts=set_up.blackouts.get(outlet.depot_id, ()),
        buffers=_counting(set_up.buffers.get(outlet.depot_id, ()), facts),
        access=_barring(set_up.access_rules.get(outlet.depot_id, ()), facts),
        left_outside=facts.needs_nobody,
        handed_over=handed_over,
        pickup=facts.direction == Delivery.Direction.IN,
        exchanges=facts.exchanges,
        reserves=set_up.reserves.get(outlet.depot_id, ()),
    )
    found = []
    for day in windows.days_from(first, days):
        plan = plans.get(day)
        snapshot = snapshots[plan.pk] if plan else None
        taken = _taken(snapshot, leaving_out)
        version = snapshot.version if snapshot else 0
        slots = tuple(
            answer
            for pattern in patterns
            if windows.runs_on(pattern.weekdays, day)
            and (answer := rules.answer(pattern, day, plan, taken, version=version)) is not None
        )
        if slots:
            parts = {slot.key: rules.parts(slot.window) for slot in slots}
            found.append(DayOfOutlet(outlet, day, plan, snapshot, slots, parts))
    return found


def _taken(snapshot: Snapshot | None, leaving_out: Delivery | None) -> Taken:
    if snapshot is None:
        return Taken({})
    return Taken(snapshot.counts(leaving_out=leaving_out), bool(snapshot.stops_of(leaving_out)))


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides about a slot before any route is asked.

    `ready_at` is when the goods will be packed; `buffers` and `access` are those that count for the address;
    `reserves` what is kept of the depot's places, for this merchant and for others.
    Whether the goods may be left outside their customer says; `handed_over` ones never are.
    """

    outlet: MerchantDepot
    now: datetime
    ready_at: datetime
    blackouts: tuple[Blackout, ...]
    buffers: tuple[BufferRule, ...]
    access: tuple[AccessHours, ...]
    left_outside: bool
    handed_over: bool
    pickup: bool
    exchanges: bool
    reserves: tuple[Reserve, ...]

    @classmethod
    def of(cls, outlet: MerchantDepot, *, facts: VisitFacts, now: datetime, ordered_at: datetime) -> Self:
        """Return the rules of an outlet as they are now, for goods ordered at an instant.

        Three queries, one more with access rules, and two more where the depot counts its places.
        """
        today = windows.local_date(now, outlet.depot.zone)
        blackouts = Blackout.objects.filter(depot_id=outlet.depot_id, last_date__gte=today)
        return cls(
            outlet=outlet,
            now=now,
            ready_at=outlet.ready_at(ordered_at),
            blackouts=tuple(blackouts),
            buffers=_counting(Buffer.objects.filter(depot_id=outlet.depot_id, active=True), facts),
            access=_barring(access_rules_of([outlet.depot_id]), facts),
            left_outside=facts.needs_nobody,
            handed_over=False,  # else the slot would not have been offered; its caller looks again
            pickup=facts.direction == Delivery.Direction.IN,
            exchanges=facts.exchanges,
            reserves=read_reserves(outlet.depot),
        )

    def answer(
        self, pattern: SlotPattern, day: date, plan: DayPlan | None, taken: Taken, *, version: int
    ) -> SlotAnswer | None:
        """Return the slot's answer as far as rules tell; None if there is no such slot or it has begun.

        `version` is that of the plan in which the places are taken.
        """
        if pattern.unattended and self.handed_over:
            return None
        zone = self.outlet.depot.zone
        window = pattern.window_on(day, zone)
        if window is None or window.opens_at <= self.now:
            return None
        price_minor = self.base_price_minor(pattern)
        return SlotAnswer(
            key=f"{pattern.pk}.{day:%Y%m%d}",
            outlet_id=self.outlet.pk,
            plan_id=plan.pk if plan else None,
            service_date=day,
            opens_at=window.opens_at,
            closes_at=window.closes_at,
            cutoff_at=pattern.cutoff_at(day, zone),
            time_zone=self.outlet.depot.time_zone,
            status=self.status(pattern, day, window, plan, taken),
            base_price_minor=price_minor,
            price_minor=price_minor,
            priced_at=self.now,
            plan_version=version,
            narrows_to_s=pattern.narrows_to_s(window),
            buffer_s=self.buffer_s(window),
            unattended=pattern.unattended,
        )

    def base_price_minor(self, pattern: SlotPattern) -> int:
        """Return what a slot costs before anything is taken off. What comes back costs a fee, whenever."""
        return 0 if self.pickup or self.exchanges else pattern.base_price_minor

    def buffer_s(self, window: windows.Window) -> int:
        """Return how many seconds at the end of a window the routes are to keep free."""
        return buffer_s(self.buffers, window, self.outlet.depot.zone)

    def parts(self, window: windows.Window) -> tuple[Part, ...]:
        """Return the parts of a window that access rules leave to the routes, at least one."""
        return parts_of(self.access, window, self.outlet.depot.zone)

    def status(
        self,
        pattern: SlotPattern,
        day: date,
        window: windows.Window,
        plan: DayPlan | None,
        taken: Taken,
        *,
        write: str = "hold",
    ) -> str:
        """Return "open", or which rule takes the slot away (a key of REASONS)."""
        cutoff_at = pattern.cutoff_at(day, self.outlet.depot.zone)
        if self._blacked_out(day, self.outlet.merchant_id):
            return "blackout"
        if self.now >= cutoff_at:
            return "cutoff"
        if window.opens_at < self.ready_at and not self.pickup:
            return "packing"
        if plan is None:
            return "not_yet"
        if not plan.allows(write, pickup=self.pickup):
            return "cutoff"
        if pattern.unattended and not self.left_outside:
            return "outside"
        if capped(self.outlet, pattern, window, taken.counts):
            return "cap"
        return self._short_of_places(day, cutoff_at, taken) or OPEN

    def _short_of_places(self, day: date, cutoff_at: datetime, taken: Taken) -> str:
        """Return which rule about the depot's places takes the slot away, "" if none does."""
        if taken.gives_one_back:  # moving within a day takes nobody's place
            return ""
        holding = [
            reserve
            for reserve in self.reserves
            if reserve.holds_for(day, cutoff_at, self.now) and not self._blacked_out(day, reserve.merchant_id)
        ]
        return self.outlet.share.refused(taken.counts, holding)

    def _blacked_out(self, day: date, merchant_id: int) -> bool:
        return any(
            b.first_date <= day <= b.last_date and b.merchant_id in (None, merchant_id)
            for b in self.blackouts
        )


def _counting(buffers: Iterable[Buffer], facts: VisitFacts) -> tuple[BufferRule, ...]:
    at = facts.address
    return buffers_at(buffers, lat=at.lat, lon=at.lon, postcode=at.postcode)


def _barring(rules: Iterable[AccessRule], facts: VisitFacts) -> tuple[AccessHours, ...]:
    at = facts.address
    return access_at(rules, lat=at.lat, lon=at.lon, postcode=at.postcode)


def capped(
    outlet: MerchantDepot,
    pattern: SlotPattern,
    window: windows.Window,
    counts: Counts,
) -> bool:
    """Whether the merchant's cap for the day or for this slot is reached."""
    merchant = outlet.merchant_id
    full_day = outlet.daily_cap is not None and counts.get((merchant,), 0) >= outlet.daily_cap
    in_slot = counts.get((merchant, window.opens_at, window.closes_at), 0)
    return full_day or (pattern.cap is not None and in_slot >= pattern.cap)
