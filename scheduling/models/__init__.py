"""Rows, by what they are about."""

from scheduling.models.accounts import CarbonAccount, CarbonShare
from scheduling.models.bookings import Booking, Hold, Promise, Quote
from scheduling.models.events import Event, GeocodedQuery, Receipt
from scheduling.models.files import FileToRemove
from scheduling.models.imports import OrderImport
from scheduling.models.network import Depot, Merchant, MerchantDepot, Operator, Skill
from scheduling.models.notes import AccessNotes, AccessRead
from scheduling.models.orders import (
    Address,
    Delivery,
    JoinedOrder,
    Order,
    OrderItem,
    OrderPayment,
    Parcel,
)
from scheduling.models.plans import DayPlan, Driver, Improvement, Route, Shift, Stop
from scheduling.models.points import PickupPoint
from scheduling.models.rests import Rest, RestKind, RestPattern
from scheduling.models.road import (
    Attempt,
    DayException,
    Device,
    Expected,
    HandedParcel,
    LastSeen,
    Position,
    Proof,
)
from scheduling.models.slots import AccessRule, Blackout, Buffer, SlotPattern
from scheduling.models.vehicles import ShiftPattern, Vehicle, VehicleClass
from scheduling.models.zones import TheftZone

__all__ = [
    "AccessNotes",
    "AccessRead",
    "AccessRule",
    "Address",
    "Attempt",
    "Blackout",
    "Booking",
    "Buffer",
    "CarbonAccount",
    "CarbonShare",
    "DayException",
    "DayPlan",
    "Delivery",
    "Depot",
    "Device",
    "Driver",
    "Event",
    "Expected",
    "FileToRemove",
    "GeocodedQuery",
    "HandedParcel",
    "Hold",
    "Improvement",
    "JoinedOrder",
    "LastSeen",
    "Merchant",
    "MerchantDepot",
    "Operator",
    "Order",
    "OrderImport",
    "OrderItem",
    "OrderPayment",
    "Parcel",
    "PickupPoint",
    "Position",
    "Promise",
    "Proof",
    "Quote",
    "Receipt",
    "Rest",
    "RestKind",
    "RestPattern",
    "Route",
    "Shift",
    "ShiftPattern",
    "Skill",
    "SlotPattern",
    "Stop",
    "TheftZone",
    "Vehicle",
    "VehicleClass",
]
