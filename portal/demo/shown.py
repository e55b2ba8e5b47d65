"""What drivers of the demo show and have signed: a drawn door with its parcels, a made-up signature.

A made-up day has no photos: these are drawn, and look it, so that nobody takes them for somebody's door.
"""

import json
from io import BytesIO
from math import cos, pi, sin
from random import Random
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from portal.services.proofs import report_stop
from scheduling.models import Attempt, Delivery, Skill, Stop
from scheduling.services.handing_over import Handover

WIDTH, HEIGHT = 640, 480
WALLS = ("#c9b79c", "#b7c4bb", "#d8cfc0", "#a9b4c2")
DOORS = ("#2f4f4f", "#6b3f2a", "#28496b", "#7a2f35")
METRES_PER_DEGREE = 111_195


def report(stop: Stop, handover: Handover, *, actor: str) -> Attempt:
    """Note what came of a stop as a driver would: from a few metres away, its check list done."""
    delivery, chance = stop.delivery, Random(f"door-{stop.pk}")  # noqa: S311 - the same every time
    assert delivery is not None  # noqa: S101 - rests are never reported
    left = handover.outcome == Attempt.Outcome.SAFE_PLACE
    return report_stop(
        stop_id=stop.pk,
        handover=Handover(
            **_values(handover)
            | _there(stop, chance)
            | {"age_checked": Skill.AGE_CHECK in delivery.requirements}
        ),
        photos=[SimpleUploadedFile("door.jpg", drawn_door(delivery.parcel_count, chance))] if left else [],
        signature=drawn_name(chance) if _signs(delivery, handover) else "",
        actor=actor,
        now=handover.happened_at,
    )


def _values(handover: Handover) -> dict[str, Any]:
    return {name: getattr(handover, name) for name in Handover.__slots__}


def _signs(delivery: Delivery, handover: Handover) -> bool:
    handed = handover.outcome in (Attempt.Outcome.HANDED_OVER, Attempt.Outcome.PARTLY)
    return handed and "signature" in delivery.requirements


def _there(stop: Stop, chance: Random) -> dict[str, float]:
    """Return where the phone was: where it was to go, give or take some metres."""
    if stop.delivery is None:
        return {}
    at = stop.pickup_point or stop.delivery.address
    away_m, angle = abs(chance.gauss(0, 8)), chance.uniform(0, 2 * pi)
    lat = at.lat + away_m * cos(angle) / METRES_PER_DEGREE
    lon = at.lon + away_m * sin(angle) / METRES_PER_DEGREE / cos(at.lat * pi / 180)
    return {"lat": lat, "lon": lon, "accuracy_m": round(chance.uniform(4, 20), 1)}


def drawn_door(parcels: int, chance: Random) -> bytes:
    """Return a drawing of a door with so many parcels before it, as a JPEG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), chance.choice(WALLS))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 400, WIDTH, HEIGHT), fill="#8d8a83")
    pen.rectangle((240, 90, 420, 402), fill="#f4f1ea")
    pen.rectangle((252, 102, 408, 402), fill=chance.choice(DOORS))
    pen.ellipse((384, 252, 398, 266), fill="#d9b44a")
    pen.polygon(((230, 402), (430, 402), (470, 440), (190, 440)), fill="#5e5346")
    for number in range(min(parcels, 3)):
        _draw_parcel(pen, left=270 + 62 * number + chance.randint(-8, 8), size=chance.randint(54, 84))
    out = BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def _draw_parcel(pen: ImageDraw.ImageDraw, *, left: int, size: int) -> None:
    top, ground = 432 - size, 432
    pen.rectangle((left, top, left + size, ground), fill="#c49a6c", outline="#8a6844", width=2)
    pen.rectangle((left + size * 0.42, top, left + size * 0.58, ground), fill="#e3cda9")


def drawn_name(chance: Random) -> str:
    """Return a made-up signature: loops along a line."""
    loops, height = chance.randint(4, 8), chance.randint(26, 44)
    points = []
    for step in range(loops * 12):
        turn = step / 12 * 2 * pi
        tall = height * (0.5 + 0.5 * abs(sin(step / 17)))
        points.append([round(20 + step * 3.2 + 14 * cos(turn)), round(80 + tall * sin(turn) * 0.8)])
    return json.dumps([points, [[20, 120], [40 + loops * 38, 112]]])
