"""The slot widget: its loader, its frame, and what the frame asks."""

from django.urls import path

from portal.widget import frame, loader, steps

app_name = "widget"
FRAME = "embed/v1/frame/<slug:merchant>/"
urlpatterns = [
    path("embed/v1/slots.js", loader.latest, name="loader"),
    path("embed/v<str:version>/slots.js", loader.release, name="release"),
    path(FRAME, frame.frame, name="frame"),
    path(f"{FRAME}<slug:digest>.css", frame.style, name="style"),
    path(f"{FRAME}open/", steps.begin, name="open"),
    path(f"{FRAME}where/", steps.where, name="where"),
    path(f"{FRAME}address/", steps.address, name="address"),
    path(f"{FRAME}place/", steps.place, name="place"),
    path(f"{FRAME}times/", steps.times, name="times"),
    path(f"{FRAME}hold/", steps.hold, name="hold"),
    path(f"{FRAME}extend/", steps.extend, name="extend"),
    path(f"{FRAME}release/", steps.release, name="release-hold"),
]
