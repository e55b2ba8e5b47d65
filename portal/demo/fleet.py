"""Who is there: one operator, its depot, three shops that sell from it, and what they drive."""

from dataclasses import dataclass
from datetime import time

from portal.demo.points import open_points
from portal.demo.town import DEPOT_PLACE, TIME_ZONE
from portal.models import Brand, Membership, User
from portal.models.people import Role
from scheduling.models import (
    AccessRule,
    Buffer,
    Depot,
    Driver,
    Merchant,
    MerchantDepot,
    Operator,
    RestKind,
    RestPattern,
    Shift,
    ShiftPattern,
    Skill,
    SlotPattern,
    TheftZone,
    Vehicle,
    VehicleClass,
)
from scheduling.routing.carbon import FACTORS

DEPOT = "vantaa"
PLACES_A_DAY, RESERVED_UNTIL_H = 90, 24
MONDAY_TO_FRIDAY = 0b0011111
PLANNER = "planner@demo.example"
MANAGER = "manager@demo.example"
DESK = "returns@demo.example"
MANAGED = "nordkaupa"
"""The shop whose manager one can be, and at whose returns desk one can stand."""
SCHOOL_STREET = [[60.1715, 24.9448], [60.1715, 24.9457], [60.173, 24.9457], [60.173, 24.9448]]
"""The upper end of Mikonkatu."""
HARBOUR = [[60.1655, 24.9500], [60.1655, 24.9540], [60.1690, 24.9540], [60.1690, 24.9500]]
HARBOUR_SAYS = (
    "Parcels were taken from doors around here, so we hand everything over: somebody must be at home."
)
"""What its customers read; made up, as all of it is: nothing is known to be taken by the harbour."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant, and the times it sells: opens, closes (whole hours), base price (cents); `cap` a time.

    `unattended` times need nobody at home: the goods are left outside, in `left_service_s` at the door.
    `allotment` and `reserved` are of the depot's places a day.
    """

    name: str
    slug: str
    letter: str
    accent: str
    times: tuple[tuple[int, int, int], ...]
    discount_cap_minor: int
    service_s: int
    cap: int | None = None
    flexible: tuple[int, int, int] | None = None
    unattended: tuple[tuple[int, int, int], ...] = ()
    left_service_s: int | None = None
    requirements: tuple[str, ...] = ()
    high_value_minor: int | None = None
    allotment: int | None = None
    reserved: int = 0


# Noon is when few are at home, evenings are when all are.
TWO_HOURS = ((8, 10, 490), (10, 12, 490), (12, 14, 390), (14, 16, 390), (16, 18, 490), (18, 20, 590))
HALF_DAYS = ((8, 12, 1990), (12, 16, 1790), (16, 20, 2190))
SHOPS = (
    Shop(
        "Nordkaupa",
        "nordkaupa",
        "N",
        "#0f5c63",
        TWO_HOURS,
        300,
        180,
        cap=6,
        unattended=((5, 8, 290), (8, 20, 340)),
        left_service_s=120,
        high_value_minor=30_000,
        allotment=60,
    ),
    Shop("Aamupuoti", "aamupuoti", "A", "#8a3b12", TWO_HOURS, 200, 240, flexible=(8, 20, 290), reserved=15),
    Shop(
        "Kotikolo", "kotikolo", "K", "#4a3a8c", HALF_DAYS, 800, 2400, requirements=("signature",), reserved=20
    ),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of vehicle: what it carries, its speed in town, what a kilometre and a start cost (seconds).

    How far a full battery lasts, and the percent of it that is kept, are assumptions of this demo, from no
    published figure: a cold day for the vans, two batteries for the bikes.
    """

    slug: str
    name: str
    load_kg: int
    load_l: int
    km_per_h: int
    cost_s_per_km: int
    opening_cost_s: int
    range_km: int | None = None
    reserve_percent: int | None = None


KINDS = (
    Kind("battery-van-class-iii", "battery van", 900, 9_000, 22, 60, 1800, 140, 20),
    Kind("diesel-van-class-iii", "diesel van", 1_200, 12_000, 22, 90, 2400),
    Kind("cargo-bike", "cargo bike", 120, 900, 18, 10, 0, 80, 15),
)


@dataclass(frozen=True, slots=True)
class Pause:
    """A break or charging that begins within some hours, at the depot or at a place."""

    opens: time
    closes: time
    minutes: int
    kind: str = RestKind.BREAK
    place: tuple[str, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Van:
    """One vehicle, the hours it works, and its rests."""

    name: str
    kind: str
    driver: str
    starts: time
    ends: time
    trips: int = 1
    skills: tuple[str, ...] = ()
    rests: tuple[Pause, ...] = ()


# Nobody is out for longer than four and a half hours in one go. Places are made up.
CANTEEN = ("Hakaniemi canteen", 60.1794, 24.9512)
CHARGER = ("Kamppi charger", 60.1690, 24.9330)
EARLY = (Pause(time(8, 30), time(9, 30), 15, place=CANTEEN), Pause(time(11, 30), time(13), 30, place=CANTEEN))
LONG_MIDDAY = (
    Pause(time(11, 45), time(12), 45, place=CANTEEN),
    Pause(time(13, 30), time(15), 30, RestKind.CHARGE, CHARGER),
)
TEA = (Pause(time(14), time(16), 30, place=CANTEEN), Pause(time(17), time(19), 15, place=CANTEEN))
TWICE = (Pause(time(11), time(12, 30), 30, place=CANTEEN), Pause(time(15, 30), time(16), 30, place=CANTEEN))
LATE_MORNING = (Pause(time(10, 30), time(12), 30, place=CANTEEN),)
LATE_AFTERNOON = (Pause(time(16), time(17, 30), 30, place=CANTEEN),)
TWO_STRONG = (Skill.TWO_PEOPLE,)
COLD_AND_ADULT = (Skill.FRIDGE, Skill.AGE_CHECK)
VANS = (
    Van("Van 1 Aurora", "battery-van-class-iii", "Veikko Salo", time(5), time(16), 2, (Skill.FRIDGE,), EARLY),
    Van("Van 2 Halla", "battery-van-class-iii", "Marjatta Lehto", time(7, 30), time(17), rests=LONG_MIDDAY),
    Van(
        "Van 3 Kaste",
        "battery-van-class-iii",
        "Yusuf Nur",
        time(11, 30),
        time(21),
        2,
        COLD_AND_ADULT,
        TEA,
    ),
    Van(
        "Van 4 Routa",
        "diesel-van-class-iii",
        "Pekka Aalto",
        time(8),
        time(20, 30),
        2,
        (Skill.TWO_PEOPLE,),
        TWICE,
    ),
    Van("Bike 1 Pyry", "cargo-bike", "Linnea Berg", time(7, 30), time(14, 30), 2, rests=LATE_MORNING),
    Van("Bike 2 Tuisku", "cargo-bike", "Oskari Niemi", time(13), time(21), 2, rests=LATE_AFTERNOON),
)
SAYS_NOTHING = "Van 4 Routa"
"""Whose driver keeps their name to themselves."""


def set_up() -> Depot:
    """Write operator, depot with its rules, vehicles, shops and their people; return the depot."""
    operator = Operator.objects.create(name="Pohjola Deliveries", slug="pohjola")
    lat, lon = DEPOT_PLACE
    depot = Depot.objects.create(
        operator=operator,
        name="Vantaa depot",
        slug=DEPOT,
        lat=lat,
        lon=lon,
        time_zone=TIME_ZONE,
        break_after_minutes=270,
        places_a_day=PLACES_A_DAY,
    )
    Buffer.objects.create(
        depot=depot,
        name="Evening traffic",
        weekdays=MONDAY_TO_FRIDAY,
        starts=time(16),
        ends=time(20),
        minutes=10,
    )
    kinds = {kind.slug: _vehicle_class(kind) for kind in KINDS}
    for van in VANS:
        _vehicle(van, depot, kinds[van.kind])
    TheftZone.objects.create(
        depot=depot, name="Harbour", area=TheftZone.Area.POLYGON, polygon=HARBOUR, sentence=HARBOUR_SAYS
    )
    _school_street(depot, [kind for kind in kinds.values() if kind.slug != "cargo-bike"])
    for shop in SHOPS:
        _shop(shop, depot)
    open_points(depot)
    planner = User.objects.create_user(PLANNER, name="Sanna, planner")
    Membership.objects.create(user=planner, depot=depot, role=Role.DISPATCHER)
    manager = User.objects.create_user(MANAGER, name="Mikko, manager")
    desk = User.objects.create_user(DESK, name="Leila, returns desk")
    managed = Merchant.objects.get(slug=MANAGED)
    Membership.objects.create(user=manager, merchant=managed, role=Role.MANAGER)
    Membership.objects.create(user=desk, merchant=managed, role=Role.RETURNS_DESK)
    return depot


def give_drivers(depot: Depot) -> None:
    """Give every shift its driver; all but one let their customers know who comes."""
    for van in VANS:
        silent = van.name == SAYS_NOTHING
        driver, _new = Driver.objects.get_or_create(
            depot=depot, name=van.driver, defaults={"shows_name": not silent, "shows_vehicle": not silent}
        )
        Shift.objects.filter(plan__depot=depot, vehicle__name=van.name, driver=None).update(driver=driver)


def _vehicle_class(kind: Kind) -> VehicleClass:
    factor = FACTORS[kind.slug]
    return VehicleClass.objects.create(
        slug=kind.slug,
        name=kind.name,
        capacity_g=kind.load_kg * 1000,
        capacity_ml=kind.load_l * 1000,
        speed_m_per_h=kind.km_per_h * 1000,
        cost_s_per_km=kind.cost_s_per_km,
        opening_cost_s=kind.opening_cost_s,
        range_m=kind.range_km and kind.range_km * 1000,
        reserve_percent=kind.reserve_percent,
        grams_per_km=factor.grams_per_km,
        factor_source=factor.source,
        factor_year=factor.year,
        boundary=VehicleClass.Boundary(factor.boundary.replace("-", "_").replace(" ", "_")),
    )


def _school_street(depot: Depot, barred: list[VehicleClass]) -> None:
    """A street at which only bikes may stop in the mornings; made up, as the school is."""
    rule = AccessRule.objects.create(
        depot=depot,
        name="School street",
        area=AccessRule.Area.POLYGON,
        polygon=SCHOOL_STREET,
        weekdays=MONDAY_TO_FRIDAY,
        starts=time(8),
        ends=time(10),
    )
    rule.barred.set(barred)


def _vehicle(van: Van, depot: Depot, kind: VehicleClass) -> None:
    vehicle = Vehicle.objects.create(depot=depot, vehicle_class=kind, name=van.name, skills=list(van.skills))
    pattern = ShiftPattern.objects.create(
        vehicle=vehicle,
        starts=van.starts,
        ends=van.ends,
        max_shift_s=13 * 3600,
        trips=van.trips,
        reload_s=20 * 60,
    )
    for rest in van.rests:
        name, lat, lon = rest.place or ("", None, None)
        times = {"opens": rest.opens, "closes": rest.closes, "minutes": rest.minutes}
        RestPattern.objects.create(pattern=pattern, kind=rest.kind, place=name, lat=lat, lon=lon, **times)


def _shop(shop: Shop, depot: Depot) -> None:
    merchant = Merchant.objects.create(
        name=shop.name,
        slug=shop.slug,
        contact_email=f"help@{shop.slug}.example",
        discount_cap_minor=shop.discount_cap_minor,
        service_s=shop.service_s,
        left_service_s=shop.left_service_s,
        requirements=list(shop.requirements),
        high_value_minor=shop.high_value_minor,
    )
    Brand.objects.create(merchant=merchant, accent=shop.accent, letter=shop.letter)
    outlet = MerchantDepot.objects.create(
        merchant=merchant,
        depot=depot,
        radius_m=16_000,
        lead_time_minutes=120,
        work_closes=time(20),
        allotment=shop.allotment,
        reserved=shop.reserved,
        reserved_until_h=RESERVED_UNTIL_H,
    )
    for times in shop.times:
        _slot(outlet, *times, cap=shop.cap)
    for times in shop.unattended:
        _slot(outlet, *times, unattended=True)
    if shop.flexible:
        _slot(outlet, *shop.flexible, narrowed_to_minutes=120)


def _slot(outlet: MerchantDepot, opens: int, closes: int, price_minor: int, **values: int | None) -> None:
    SlotPattern.objects.create(
        outlet=outlet,
        opens=time(opens),
        closes=time(closes),
        cutoff_days_before=1,
        cutoff_time=time(18),
        base_price_minor=price_minor,
        **values,
    )
