"""Lists of pickup points, as they come: delimiters, encodings, GeoJSON, mistakes."""

import json

import pytest

from scheduling.errors import BadFile
from scheduling.point_files import BadLine, read_points

HEAD = "id;name;kind;address;postcode;city;lat;lon;hours;capacity;parcel_kg"
KAISA = "k1;Käpylän kioski;shop;Pohjolankatu 1;00610;Helsinki;60,2145;24,9480;Mo-Fr 08:00-20:00;40;12,5"
CSV = f"{HEAD}\n{KAISA}\n"


def only(content: bytes):
    file = read_points(content)
    assert not file.bad
    return file.points[0][1]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1252", "Windows-1252"),
        ("latin-1", "Windows-1252"),
    ],
)
def test_a_list_is_read_in_whatever_encoding_it_was_saved(encoding, said):
    file = read_points(CSV.encode(encoding))

    assert file.encoding == said
    assert file.points[0][1].name == "Käpylän kioski"


def test_commas_and_semicolons_both_part_columns():
    comma = 'id,name,address,lat,lon,hours,capacity\nk1,Kioski,"Katu 1, ovi B",60.2,24.9,24/7,40\n'

    assert only(comma.encode()).line == "Katu 1, ovi B"
    assert only(CSV.encode()).lat == 60.2145


def test_sizes_are_told_in_kilograms_and_litres():
    point = only(CSV.encode())

    assert point.parcel_most_g == 12_500
    assert point.parcel_most_ml is None


def test_each_bad_line_is_named_with_its_reason():
    lines = [
        HEAD,
        KAISA,
        "",
        KAISA,
        "k2;;shop;Katu 1;;;60.2;24.9;24/7;40;",
        "k3;Kioski;ship;Katu 1;;;60.2;24.9;24/7;40;",
        "k4;Kioski;shop;Katu 1;;;91;24.9;24/7;40;",
        "k5;Kioski;shop;Katu 1;;;nan;24.9;24/7;40;",
        "k6;Kioski;shop;Katu 1;;;60.2;24.9;when we like;40;",
        "k7;Kioski;shop;Katu 1;;;60.2;24.9;24/7;0;",
        "k8;Kioski;shop;Katu 1;;;60.2;24.9;24/7;40;1;more",
    ]
    bad = read_points("\n".join(lines).encode()).bad

    assert [one.line for one in bad] == [4, 5, 6, 7, 8, 9, 10, 11]
    said = [one.reason for one in bad]
    assert said[0] == "The id k1 stands in line 2 already."
    assert said[1] == "name is missing."
    assert "we know: locker" in said[2]
    assert "not on earth" in said[3]
    assert "no number" in said[4]
    assert "from “when we like” on" in said[5]
    assert said[6] == "capacity must be a whole number from 1 to 1000000."
    assert "more columns" in said[7]


def test_a_line_is_counted_where_it_begins():
    text = (
        'id,name,address,lat,lon,hours,capacity\nk1,"Kioski\nkulmalla",Katu 1,60.2,24.9,24/7,40\nk2,,,,,,\n'
    )

    file = read_points(text.encode())

    assert file.points[0][0] == 2
    assert file.points[0][1].name == "Kioski kulmalla"
    assert file.bad == (BadLine(4, "name is missing."),)


def geojson(**properties) -> bytes:
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [24.948, 60.2145]},
        "properties": {"ref": "g1", "name": "Lokero", "capacity": 20} | properties,
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def test_geojson_has_longitude_first_and_the_names_of_openstreetmap():
    point = only(
        geojson(
            opening_hours="24/7",
            amenity="parcel_locker",
            **{"addr:street": "Pohjolankatu", "addr:housenumber": "1", "addr:city": "Helsinki"},
        )
    )

    assert (point.lat, point.lon) == (60.2145, 24.948)
    assert (point.external_id, point.kind, point.hours) == ("g1", "locker", "24/7")
    assert (point.line, point.city) == ("Pohjolankatu 1", "Helsinki")


def test_geojson_names_the_feature_that_is_bad():
    assert read_points(geojson(opening_hours="?")).bad[0].line == 1
    shape = {"type": "FeatureCollection", "features": [{"geometry": {"type": "Polygon"}}, 7]}
    assert [one.reason for one in read_points(json.dumps(shape).encode()).bad] == ["This is no point."] * 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (HEAD.encode(), "no points"),
        (b"id;name\n1;2\n", "address, lat, lon, hours, capacity"),
        (b"{", "no GeoJSON"),
        (b'{"type": "Feature"}', "no FeatureCollection"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0", "We can’t read this file|This is no text|first line"),
        (HEAD.encode() + b'\nk1;"' + b"x" * 200_000, "quotation mark"),
        (b"x" * 5_000_001, "larger than 5 MB"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_words(content, said):
    with pytest.raises(BadFile) as refused:
        read_points(content)

    assert any(part in str(refused.value) for part in said.split("|"))
