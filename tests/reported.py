"""A stop that was reported with its proofs, for tests of who may see what of it."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from portal.services.proofs import report_stop
from scheduling.models import Attempt, Booking
from scheduling.services.handing_over import Handover
from tests.factories import make_booking, make_network, some_facts, start_day
from tests.layouts import laid_out_once
from tests.portal.test_photos import picture

DRAWN = json.dumps([[[10, 80], [40, 20], [70, 80]], [[90, 20], [140, 80]]])
SECRETS = ("Quillfeather", "the blue door", "60.17", "24.94")


@laid_out_once
def on_the_road(**facts: Any) -> Booking:
    """A delivery that needs a signature, on a van that left."""
    facts = {"parcels": 2, "requirements": ("signature",)} | facts
    booking = make_booking(make_network(vans=1), facts=some_facts(**facts))
    start_day(booking.stop.route.shift.plan)
    return Booking.objects.select_related("stop__route__shift__plan__depot").get(pk=booking.pk)


def at_the_door(booking: Booking) -> datetime:
    return booking.stop.opens_at + timedelta(minutes=4)


def reported(booking: Booking, **said: Any) -> Attempt:
    """Have it handed over to Aino Quillfeather, with a photo and a signature."""
    photos = said.pop("photos", 1)
    values = {"outcome": "handed_over", "happened_at": booking.stop.opens_at, "note": "the blue door"}
    values |= {"to_whom": "Aino Quillfeather", "lat": 60.1701, "lon": 24.9401, "accuracy_m": 5.0}
    return report_stop(
        stop_id=booking.stop_id,
        handover=Handover(**values | said),
        photos=[SimpleUploadedFile("door.jpg", picture(size=(64, 48))) for _photo in range(photos)],
        signature=DRAWN,
        actor=f"shift:{booking.stop.route.shift_id}",
        now=at_the_door(booking),
    )
