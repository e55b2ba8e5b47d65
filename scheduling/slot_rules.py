"""Which slots are sold, and what decides about them before any route is asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.utils.functional import Promise as LazyText

from scheduling import windows
from scheduling.access import AccessHours, Part, parts_of
from scheduling.allotments import Reserve, Share, Taken
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
)
from scheduling.models.slots import DatedSlot, access_at, access_rules_of, buffers_at
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
    rules = Rules(
        outlet=outlet,
        now=now,
        ready_at=outlet.ready_at(now),
        blackouts=set_up.blackouts.get(outlet.depot_id, ()),
        buffers=_counting(set_up.buffers.get(outlet.depot_id, ()), facts),
        access=_barring(set_up.access_rules.get(outlet.depot_id, ()), facts),
        left_outside=facts.needs_nobody,
        pickup=facts.direction == Delivery.Direction.IN,
        exchanges=facts.exchanges,
        reserves=set_up.reserves.get(outlet.depot_id, ()),
    )
    found = []
    for day in windows.days_from(first, days):
        plan = plans.get(day)
        snapshot = snapshots[plan.pk] if plan else None
        of_day = rules.on(day, plan, _taken(snapshot, leaving_out))
        version = snapshot.version if snapshot else 0
        slots = tuple(
            of_day.answer(slot, version=version)
            for slot in set_up.slots_on(day, outlet)
            if slot.window.opens_at > now and not (slot.unattended and handed_over)
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
    """

    outlet: MerchantDepot
    now: datetime
    ready_at: datetime
    blackouts: tuple[Blackout, ...]
    buffers: tuple[BufferRule, ...]
    access: tuple[AccessHours, ...]
    left_outside: bool
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
            pickup=facts.direction == Delivery.Direction.IN,
            exchanges=facts.exchanges,
            reserves=read_reserves(outlet.depot),
        )

    def on(self, day: date, plan: DayPlan | None, taken: Taken, *, write: str = "hold") -> "DayRules":
        """Return what decides about the slots of a local day, on which so many places are taken.

        `plan` is the day's, None where there is none yet; `write` is what is to be done to it.
        """
        outlet, merchant = self.outlet, self.outlet.merchant_id
        full = outlet.daily_cap is not None and taken.counts.get((merchant,), 0) >= outlet.daily_cap
        return DayRules(
            rules=self,
            zone=outlet.depot.zone,
            plan_id=plan.pk if plan else None,
            taken=taken,
            blacked_out=self._blacked_out(day, merchant),
            closed=self._closed(plan, write),
            full=full,
            share=outlet.share,
            reserves=self._reserved(day),
        )

    def buffer_s(self, window: windows.Window) -> int:
        """Return how many seconds at the end of a window the routes are to keep free."""
        return buffer_s(self.buffers, window, self.outlet.depot.zone) if self.buffers else 0

    def parts(self, window: windows.Window) -> tuple[Part, ...]:
        """Return the parts of a window that access rules leave to the routes, at least one."""
        return parts_of(self.access, window, self.outlet.depot.zone)

    def _closed(self, plan: DayPlan | None, write: str) -> str:
        if plan is None:
            return "not_yet"
        return "" if plan.allows(write, pickup=self.pickup) else "cutoff"

    def _reserved(self, day: date) -> list[Reserve]:
        """Return what is kept of a day's places for those who sell on it."""
        return [
            reserve
            for reserve in self.reserves
            if reserve.sells_on(day) and not self._blacked_out(day, reserve.merchant_id)
        ]

    def _blacked_out(self, day: date, merchant_id: int) -> bool:
        return any(
            b.first_date <= day <= b.last_date and b.merchant_id in (None, merchant_id)
            for b in self.blackouts
        )


@dataclass(frozen=True, slots=True)
class DayRules:
    """What decides about the slots of one day: what all of them share is worked out once.

    `closed` is why nothing can be added to the day's plan, "" where something can; `full` whether the
    merchant's cap for the day is reached; `share` is what it may take of the places, `reserves` what is kept
    of them for those who sell on that day.
    """

    rules: Rules
    zone: ZoneInfo
    plan_id: int | None
    taken: Taken
    blacked_out: bool
    closed: str
    full: bool
    share: Share
    reserves: Sequence[Reserve]

    def answer(self, slot: DatedSlot, *, version: int) -> SlotAnswer:
        """Return a slot's answer as far as rules tell; `version` is that of the day's plan."""
        rules = self.rules
        # What comes back costs a fee, whenever.
        price_minor = 0 if rules.pickup or rules.exchanges else slot.base_price_minor
        return SlotAnswer(
            key=slot.key,
            outlet_id=rules.outlet.pk,
            plan_id=self.plan_id,
            service_date=slot.service_date,
            opens_at=slot.window.opens_at,
            closes_at=slot.window.closes_at,
            cutoff_at=slot.cutoff_at,
            time_zone=self.zone.key,
            status=self.status(slot),
            base_price_minor=price_minor,
            price_minor=price_minor,
            priced_at=rules.now,
            plan_version=version,
            narrows_to_s=slot.narrows_to_s,
            buffer_s=rules.buffer_s(slot.window),
            unattended=slot.unattended,
        )

    def status(self, slot: DatedSlot) -> str:
        """Return "open", or which rule takes the slot away (a key of REASONS)."""
        rules = self.rules
        if self.blacked_out:
            return "blackout"
        if rules.now >= slot.cutoff_at:
            return "cutoff"
        if slot.window.opens_at < rules.ready_at and not rules.pickup:
            return "packing"
        if self.closed:
            return self.closed
        if slot.unattended and not rules.left_outside:
            return "outside"
        if self.full or self._capped(slot):
            return "cap"
        return self._short_of_places(slot.cutoff_at) or OPEN

    def _capped(self, slot: DatedSlot) -> bool:
        if slot.cap is None:
            return False
        sold = (self.rules.outlet.merchant_id, slot.window.opens_at, slot.window.closes_at)
        return self.taken.counts.get(sold, 0) >= slot.cap

    def _short_of_places(self, cutoff_at: datetime) -> str:
        """Return which rule about the depot's places takes a slot away, "" if none does."""
        if self.taken.gives_one_back:  # moving within a day takes nobody's place
            return ""
        holding = [reserve for reserve in self.reserves if reserve.holds_at(self.rules.now, cutoff_at)]
        return self.share.refused(self.taken.counts, holding)


def _counting(buffers: Iterable[Buffer], facts: VisitFacts) -> tuple[BufferRule, ...]:
    at = facts.address
    return buffers_at(buffers, lat=at.lat, lon=at.lon, postcode=at.postcode)


def _barring(rules: Iterable[AccessRule], facts: VisitFacts) -> tuple[AccessHours, ...]:
    at = facts.address
    return access_at(rules, lat=at.lat, lon=at.lon, postcode=at.postcode)
