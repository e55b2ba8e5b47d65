"""Set-up pages of the network. What plans were computed from stays as it is: make another row instead.

Plans, bookings, quotes and events are for looking at: they change through services only.
"""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from scheduling.models import (
    AccessRule,
    Blackout,
    Booking,
    Buffer,
    CarbonAccount,
    DayPlan,
    Delivery,
    Depot,
    Event,
    Hold,
    Merchant,
    MerchantDepot,
    Operator,
    Promise,
    RestPattern,
    ShiftPattern,
    SlotPattern,
    Stop,
    TheftZone,
    Vehicle,
    VehicleClass,
)
from scheduling.point_admin import PickupPointAdmin
from scheduling.services.allotments import require_places_fit, require_share_fits
from scheduling.services.shifts import keeps_rests
from scheduling.set_up_pages import BaseInlineFormSet, Form, Inline, LookOnly, SetUp, refusal_at

__all__ = ["PickupPointAdmin"]


@admin.register(Operator)
class OperatorAdmin(SetUp):
    list_display = search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Merchant)
class MerchantAdmin(SetUp):
    list_display = ("name", "slug", "currency", "contact_email")
    search_fields = ("name", "slug")
    once = ("currency",)


class DepotForm(Form):
    """A depot has places enough for what its shops were given of them."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # unknown to the stubs; from here on the row is what it will be
        if self.instance.pk and not self.errors:
            with refusal_at(self, "places_a_day"):
                require_places_fit(depot=self.instance)


@admin.register(Depot)
class DepotAdmin(SetUp):
    form = DepotForm
    list_display = ("name", "operator", "time_zone", "places_a_day")
    list_select_related = ("operator",)
    search_fields = ("name", "slug")
    autocomplete_fields = ("operator",)
    once = ("operator", "lat", "lon", "time_zone")


class SlotPatternInline(Inline):
    model = SlotPattern
    extra = 0


class MerchantDepotForm(Form):
    """A shop gets no more of its depot's places than there are."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            with refusal_at(self, "reserved"):
                require_share_fits(outlet=self.instance)


@admin.register(MerchantDepot)
class MerchantDepotAdmin(SetUp):
    form = MerchantDepotForm
    list_display = ("merchant", "depot", "area", "allotment", "reserved", "active")
    list_select_related = ("merchant", "depot")
    list_filter = ("active",)
    autocomplete_fields = ("merchant", "depot")
    inlines = (SlotPatternInline,)
    once = ("merchant", "depot")


@admin.register(VehicleClass)
class VehicleClassAdmin(SetUp):
    """Capacity, speed and factor are what plans and grams were computed from."""

    list_display = ("name", "slug", "capacity_g", "grams_per_km", "boundary")
    search_fields = ("name", "slug")
    once = (
        "slug",
        "capacity_g",
        "capacity_ml",
        "speed_m_per_h",
        "detour_percent",
        "cost_s_per_km",
        "opening_cost_s",
        "range_m",
        "reserve_percent",
        "grams_per_km",
        "factor_source",
        "factor_year",
        "boundary",
    )


class ShiftPatternInline(Inline):
    """Counts for days that are not laid out yet."""

    model = ShiftPattern
    extra = 0
    show_change_link = True  # to its rests


@admin.register(Vehicle)
class VehicleAdmin(SetUp):
    list_display = ("name", "depot", "vehicle_class", "active")
    list_select_related = ("depot", "vehicle_class")
    list_filter = ("active", "depot")
    search_fields = ("name",)
    autocomplete_fields = ("depot", "vehicle_class")
    inlines = (ShiftPatternInline,)
    once = ("depot", "vehicle_class", "skills")


class RestPatternFormSet(BaseInlineFormSet):
    """The rests of one shift pattern, which must be able to keep them."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        rests = [form.instance for form in self.forms if form.has_changed() or form.instance.pk]
        gone = [form.instance for form in self.deleted_forms]
        rests = [rest for rest in rests if rest not in gone]
        pattern = self.instance
        complete = None not in (pattern.vehicle_id, pattern.starts, pattern.ends)
        if complete and not keeps_rests(pattern, rests):
            raise ValidationError(
                _("A shift with these hours cannot keep these rests: it would be late for one, or back late.")
            )


class RestPatternInline(Inline):
    """Counts for shifts that are not laid out yet."""

    model = RestPattern
    formset = RestPatternFormSet
    extra = 0


@admin.register(ShiftPattern)
class ShiftPatternAdmin(SetUp):
    """Where a pattern gets its rests."""

    list_display = ("vehicle", "starts", "ends", "trips")
    list_select_related = ("vehicle",)
    list_filter = ("vehicle__depot",)
    autocomplete_fields = ("vehicle",)
    inlines = (RestPatternInline,)
    once = ("vehicle",)


@admin.register(Blackout)
class BlackoutAdmin(SetUp):
    list_display = ("depot", "merchant", "first_date", "last_date", "reason")
    list_select_related = ("depot", "merchant")
    autocomplete_fields = ("depot", "merchant")


@admin.register(Buffer)
class BufferAdmin(SetUp):
    """Counts for what is promised from now on."""

    list_display = ("name", "depot", "area", "starts", "ends", "minutes", "active")
    list_select_related = ("depot",)
    list_filter = ("active", "depot")
    search_fields = ("name",)
    autocomplete_fields = ("depot",)


@admin.register(AccessRule)
class AccessRuleAdmin(SetUp):
    """Counts for what is promised from now on."""

    list_display = ("name", "depot", "area", "starts", "ends", "active")
    list_select_related = ("depot",)
    list_filter = ("active", "depot")
    search_fields = ("name",)
    autocomplete_fields = ("depot", "barred")


@admin.register(TheftZone)
class TheftZoneAdmin(SetUp):
    """Counts for what is said from now on; what was agreed before stays."""

    list_display = ("name", "depot", "area", "sentence", "active")
    list_select_related = ("depot",)
    list_filter = ("active", "depot")
    search_fields = ("name",)
    autocomplete_fields = ("depot",)


@admin.register(DayPlan)
class DayPlanAdmin(LookOnly):
    list_display = ("depot", "service_date", "state", "version")
    list_select_related = ("depot",)
    list_filter = ("state", "depot")
    date_hierarchy = "service_date"


@admin.register(Delivery)
class DeliveryAdmin(LookOnly):
    list_display = ("ref", "merchant", "state", "direction", "created_at")
    list_select_related = ("merchant",)
    list_filter = ("state", "merchant")
    search_fields = ("ref", "order__number")


@admin.register(Booking)
class BookingAdmin(LookOnly):
    list_display = ("delivery", "state", "confirmed_at", "cancelled_at", "price_minor", "currency")
    list_select_related = ("delivery",)
    search_fields = ("delivery__ref",)


@admin.register(Hold)
class HoldAdmin(LookOnly):
    """The token is as good as the hold: no page shows it."""

    list_display = ("delivery", "state", "placed_at", "expires_at", "extensions")
    list_select_related = ("delivery",)
    list_filter = ("state",)
    exclude = ("token",)


@admin.register(Promise)
class PromiseAdmin(LookOnly):
    list_display = ("delivery", "number", "opens_at", "closes_at", "cause", "actor")
    list_select_related = ("delivery",)
    search_fields = ("delivery__ref",)


@admin.register(Stop)
class StopAdmin(LookOnly):
    list_display = ("delivery", "rest", "state", "opens_at", "closes_at")
    list_select_related = ("delivery", "rest__shift__vehicle")
    list_filter = ("state",)


@admin.register(CarbonAccount)
class CarbonAccountAdmin(LookOnly):
    list_display = ("route", "metres", "grams", "boundary", "stops", "method")
    list_select_related = ("route__shift__vehicle",)
    list_filter = ("method", "boundary")


@admin.register(Event)
class EventAdmin(LookOnly):
    list_display = ("id", "kind", "delivery", "actor", "occurred_at", "relayed_at", "attempts")
    list_select_related = ("delivery",)
    list_filter = ("kind",)
    search_fields = ("delivery__ref",)
