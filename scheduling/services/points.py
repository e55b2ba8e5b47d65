"""What a depot's staff set up of pickup points: one by one, or a whole list at once."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from django.utils.translation import gettext as _

from scheduling.errors import BadSetUp
from scheduling.models import Depot, PickupPoint, Stop
from scheduling.models.network import distance_m
from scheduling.point_files import BadLine, PointFacts, PointFile
from scheduling.services.changes import one_change

FURTHEST_M: Final = 200_000
"""No van of a depot goes so far: it is a mistake, lat and lon changed over most often."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file did, or would do, to a depot's points; with any bad line, nothing."""

    encoding: str
    added: int = 0
    changed: int = 0
    same: int = 0
    closed: tuple[str, ...] = ()
    kept_open: tuple[str, ...] = ()
    bad: tuple[BadLine, ...] = ()


@one_change
def import_points(
    *, depot: Depot, file: PointFile, close_missing: bool = False, dry_run: bool = False
) -> Imported:
    """Bring a depot's points in line with a file, by their ids: all of it, or nothing where a line is bad.

    A point that is not in the file stays; with `close_missing` it is closed unless parcels are on their way
    to it. Repeating it changes nothing. With `dry_run` it only says what it would do.
    """
    # Two who bring a list at once take turns: nobody's new points meet another's.
    Depot.objects.select_for_update(no_key=True).get(pk=depot.pk)
    rows = PickupPoint.objects.filter(depot=depot).order_by("pk").select_for_update(no_key=True)
    there = {point.external_id: point for point in rows}
    used_before = _ever_used(depot)
    bad = list(file.bad)
    new, changed, same = [], [], 0
    for line, facts in file.points:
        present = there.get(facts.external_id)
        if why := _refused(facts, depot, present, used_before):
            bad.append(BadLine(line, why))
        elif present is None:
            new.append(PickupPoint(depot=depot, **asdict(facts)))
        elif _differs(present, facts):
            changed.append(_told(present, facts))
        else:
            same += 1
    named = {facts.external_id for _line, facts in file.points}
    missing = [point for name, point in there.items() if point.active and name not in named]
    done = Imported(encoding=file.encoding, bad=tuple(sorted(bad, key=lambda one: one.line)))
    if bad:
        return done
    closed = [point for point in missing if not point.used] if close_missing else []
    if not dry_run:
        _write(new, changed, closed)
    return Imported(
        encoding=file.encoding,
        added=len(new),
        changed=len(changed),
        same=same,
        closed=tuple(point.name for point in closed),
        kept_open=tuple(point.name for point in missing if point not in closed),
    )


def _write(new: list[PickupPoint], changed: list[PickupPoint], closed: Iterable[PickupPoint]) -> None:
    PickupPoint.objects.bulk_create(new, batch_size=200)
    # `used` is not among them: it is written by who sends parcels there, and by nobody else.
    PickupPoint.objects.bulk_update(changed, FIELDS, batch_size=50)
    PickupPoint.objects.filter(pk__in=[point.pk for point in closed]).update(active=False)


FIELDS: Final = [name for name in PointFacts.__slots__ if name != "external_id"]


def _told(point: PickupPoint, facts: PointFacts) -> PickupPoint:
    for name in FIELDS:
        setattr(point, name, getattr(facts, name))
    return point


def _differs(point: PickupPoint, facts: PointFacts) -> bool:
    return any(getattr(point, name) != getattr(facts, name) for name in FIELDS)


def _ever_used(depot: Depot) -> set[int]:
    """Return the points that any stop ever stood at."""
    used = PickupPoint.objects.filter(depot=depot, stops__isnull=False)
    return set(used.values_list("pk", flat=True))


def _refused(facts: PointFacts, depot: Depot, present: PickupPoint | None, used_before: Iterable[int]) -> str:
    """Say why a depot can't have such a point; "" where it can."""
    away_m = distance_m(depot.lat, depot.lon, facts.lat, facts.lon)
    if away_m > FURTHEST_M:
        return _too_far(depot, away_m)
    if present is None:
        return ""
    if facts.capacity < present.used:
        return _too_small(present)
    if present.pk in used_before and (facts.lat, facts.lon) != (present.lat, present.lon):
        return _("Routes lead to this point where it is. Close it, and list the new place under another id.")
    return ""


def _too_far(depot: Depot, away_m: float) -> str:
    known = {"km": round(away_m / 1000), "most": FURTHEST_M // 1000, "depot": depot.name}
    return _("It is %(km)d km from %(depot)s: more than %(most)d. Are lat and lon changed over?") % known


def _too_small(point: PickupPoint) -> str:
    return _("%(used)d parcels are on their way to it, or wait there: it can’t be smaller.") % {
        "used": point.used
    }


def require_point_fits(*, point: PickupPoint) -> None:
    """Raise BadSetUp, saying why, if a point about to be saved is too far off, or too small for its parcels.

    The caller is inside a transaction and saves in it: whoever takes a place meets this at the row's lock.
    """
    depot = point.depot
    away_m = distance_m(depot.lat, depot.lon, point.lat, point.lon)
    if away_m > FURTHEST_M:
        raise BadSetUp(_too_far(depot, away_m))
    if point.pk is None:
        return
    locked = PickupPoint.objects.select_for_update(no_key=True).values_list("used", flat=True)
    point.used = locked.get(pk=point.pk)  # what was read with the form may be older
    if point.capacity < point.used:
        raise BadSetUp(_too_small(point))


def give_places_back(stop: Stop, parcels: int) -> None:
    """Free what a stop about to be left takes at its pickup point; nothing for one at a door."""
    if stop.pickup_point_id is not None:
        PickupPoint.objects.free_places(stop.pickup_point_id, parcels)


def said_of(done: Imported) -> str:
    """Say what an import did: Read as UTF-8: 12 added, 1 changed, 30 as they were, 2 closed."""
    said = _("Read as %(encoding)s: %(added)d added, %(changed)d changed, %(same)d as they were.") % {
        "encoding": done.encoding,
        "added": done.added,
        "changed": done.changed,
        "same": done.same,
    }
    if done.closed:
        said += " " + _("Closed: %(names)s.") % {"names": ", ".join(done.closed)}
    if done.kept_open:
        said += " " + _("Not in the file, left open: %(names)s.") % {"names": ", ".join(done.kept_open)}
    return said
