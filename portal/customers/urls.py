"""What a shopper sees."""

from django.urls import path

from portal.customers import (
    addresses,
    bookings,
    checkout,
    code,
    counting,
    door,
    find,
    joining,
    moves,
    not_me,
    notes,
    slots,
    streets,
    styleguide,
    theme,
)

app_name = "customers"
urlpatterns = [
    path("s/<slug:merchant>/", addresses.address, name="address"),
    path("s/<slug:merchant>/place/", addresses.place, name="place"),
    path("s/<slug:merchant>/times/", slots.times, name="times"),
    path("s/<slug:merchant>/door/", door.door, name="door"),
    path("s/<slug:merchant>/hold/", slots.hold, name="hold"),
    path("s/<slug:merchant>/check/", checkout.check, name="check"),
    path("s/<slug:merchant>/check/extend/", checkout.extend, name="extend"),
    path("s/<slug:merchant>/how-we-count/", counting.counting, name="counting"),
    path("d/<slug:ref>/", bookings.booking, name="booking"),
    path("d/<slug:ref>/calendar.ics", bookings.calendar, name="calendar"),
    path("d/<slug:ref>/move/", moves.move, name="move"),
    path("d/<slug:ref>/join/", joining.join, name="join"),
    path("d/<slug:ref>/notes/", notes.notes, name="notes"),
    path("d/<slug:ref>/notes/codes/", notes.codes, name="access-codes"),
    path("d/<slug:ref>/street/", streets.street, name="street"),
    path("d/<slug:ref>/cancel/", bookings.cancel, name="cancel"),
    path("d/<slug:ref>/code/", code.code, name="code"),
    path("f/<slug:ref>/", bookings.follow, name="follow"),
    path("not-me/<slug:ref>/", not_me.not_me, name="not-me"),
    path("find/", find.find, name="find"),
    path("find/asked/", find.asked, name="asked"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("theme/<slug:merchant>.<slug:digest>.css", theme.theme, name="theme"),
]
