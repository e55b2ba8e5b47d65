"""The depot's pages."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from portal.operations import (
    attempts,
    board,
    devices,
    dispatch,
    dispatch_acts,
    driver,
    driver_acts,
    driver_place,
    handed_in,
    history,
    links,
    manifest,
    photos,
    positions,
    prices,
)

app_name = "operations"


class DayConverter(StringConverter):
    """A local date in a path, such as 2026-11-26."""

    regex = r"\d{4}-\d{2}-\d{2}"


register_converter(DayConverter, "day")

urlpatterns = [
    path("dispatch/<slug:depot>/", dispatch.today, name="dispatch"),
    path("dispatch/<slug:depot>/<day:day>/", dispatch.on_day, name="dispatch-day"),
    path("dispatch/<slug:depot>/<day:day>/lock/", dispatch.lock, name="dispatch-lock"),
    path("dispatch/<slug:depot>/exception/<int:exception>/", dispatch.tend, name="dispatch-exception"),
    path("dispatch/<slug:depot>/route/<int:route>/", dispatch_acts.route, name="dispatch-route"),
    path("dispatch/<slug:depot>/route/<int:route>/order/", dispatch_acts.order, name="dispatch-order"),
    path("dispatch/<slug:depot>/route/<int:route>/do/<slug:act>/", dispatch_acts.act, name="dispatch-act"),
    path("dispatch/<slug:depot>/stop/<int:stop>/", dispatch_acts.stop, name="dispatch-stop"),
    path("dispatch/<slug:depot>/shift/<int:shift>/", dispatch_acts.crew, name="dispatch-crew"),
    path("api/v1/positions/owntracks", positions.owntracks, name="owntracks"),
    path("api/v1/positions/traccar", positions.traccar, name="traccar"),
    path("dispatch/<slug:depot>/devices/", devices.devices, name="devices"),
    path("dispatch/<slug:depot>/devices/<int:number>/off/", devices.switch_off, name="switch-off-device"),
    path("depot/<slug:depot>/", board.next_day, name="depot"),
    path("depot/<slug:depot>/prices/", prices.prices, name="prices"),
    path("depot/<slug:depot>/returns/", handed_in.handed_in, name="handed-in"),
    path("depot/<slug:depot>/returns/<slug:of>/take-back/", handed_in.take_back_scan, name="take-back-scan"),
    path("depot/<slug:depot>/deliveries/<slug:ref>/", history.history, name="history"),
    path("depot/<slug:depot>/deliveries/<slug:ref>/photo/", photos.photo, name="photo"),
    path(
        "depot/<slug:depot>/deliveries/<slug:ref>/photo/<str:sealed>/",
        photos.shown_photo,
        name="shown-photo",
    ),
    path("depot/<slug:depot>/deliveries/<slug:ref>/undo/", attempts.undo, name="undo"),
    path(
        "depot/<slug:depot>/deliveries/<slug:ref>/proofs/<int:number>/<str:sealed>/",
        attempts.proof,
        name="proof",
    ),
    path("depot/<slug:depot>/<day:day>/", board.day, name="day"),
    path("depot/<slug:depot>/codes/", manifest.reads, name="code-reads"),
    path("depot/<slug:depot>/<day:day>/route/<int:route>/", manifest.manifest, name="manifest"),
    path("depot/<slug:depot>/<day:day>/route/<int:route>/code/", manifest.read_code, name="read-code"),
    path("depot/<slug:depot>/<day:day>/improve/", board.improve, name="improve"),
    path("depot/<slug:depot>/<day:day>/improvements/", board.improvements, name="improvements"),
    path("dispatch/<slug:depot>/links/", links.links, name="links"),
    path("dispatch/<slug:depot>/links/hand-out/", links.hand_out_link, name="hand-out-link"),
    path("dispatch/<slug:depot>/links/free/", links.free_link, name="free-link"),
    path("driver/", driver.sheet, name="driver"),
    path("driver/pin/", driver.pin, name="driver-pin"),
    path("driver/acts/", driver_acts.acts, name="driver-acts"),
    path("driver/code/", driver.code, name="driver-code"),
    path("driver/photo/<int:stop>/", driver.photo, name="driver-photo"),
    path("driver/place/", driver_place.place, name="driver-place"),
    path("driver/state/", driver.state, name="driver-state"),
    path("driver/sw.js", driver.worker, name="driver-worker"),
]
