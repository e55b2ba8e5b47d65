"""Real addresses of central Helsinki, as people write them."""

import csv
import random
from datetime import UTC, datetime

import pytest

from scheduling.geocoding import find_address, nearest_address
from scheduling.geocoding.answers import judge
from scheduling.geocoding.gazetteer import Gazetteer, read_gazetteer
from scheduling.geocoding.wording import fold
from tests.scheduling.geocoding.conftest import HELSINKI

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ROWS = list(csv.DictReader(HELSINKI.open(encoding="utf-8")))
TWO_HUNDRED = random.Random(1).sample(ROWS, 200)

pytestmark = pytest.mark.usefixtures("helsinki")


def find(query: str):
    return find_address(query=query, now=NOW)


@pytest.mark.parametrize("row", TWO_HUNDRED, ids=lambda row: f"{row['street']} {row['number']}")
def test_a_real_address_is_found_where_it_is(row):
    answer = find(f"{row['street']} {row['number']}, {row['postcode']} {row['city']}")

    found = answer.candidates[0]
    assert answer.status == "exact"
    assert (found.line, found.postcode) == (f"{row['street']} {row['number']}", row["postcode"])
    assert (found.lat, found.lon) == (float(row["lat"]), float(row["lon"]))
    assert found.confidence == 1


@pytest.mark.parametrize(
    ("typed", "line", "unit"),
    [
        ("fabianinkatu 21", "Fabianinkatu 21", ""),
        ("  FABIANINKATU   21 ", "Fabianinkatu 21", ""),
        ("Fabianinkatu 21, Helsinki", "Fabianinkatu 21", ""),
        ("Fabianinkatu 21 Helsinki", "Fabianinkatu 21", ""),
        ("Fabianinkatu 21, 00130 Helsinki, Finland", "Fabianinkatu 21", ""),
        ("Fabianinkatu 21, FI-00130 HELSINKI", "Fabianinkatu 21", ""),
        ("Fabianinkatu 21 Helsingfors", "Fabianinkatu 21", ""),
        ("Fabianinkatu 21 Helsiki", "Fabianinkatu 21", ""),
        ("Fabianink. 21", "Fabianinkatu 21", ""),
        ("Fabianink 21", "Fabianinkatu 21", ""),
        ("Mannerheimint. 5", "Mannerheimintie 5", ""),
        ("Lonnrotinkatu 15", "Lönnrotinkatu 15", ""),
        ("Pohjois-Esplanadi 21", "Pohjoisesplanadi 21", ""),
        ("E. Makasiinikatu 4", "Eteläinen Makasiinikatu 4", ""),
        ("Fabianinkatu 21 B 14, 00130 Helsinki", "Fabianinkatu 21", "B 14"),
        ("Fabianinkatu 21B14", "Fabianinkatu 21", "B14"),
        ("Fabianinkatu 21 as 4", "Fabianinkatu 21", "as 4"),
        ("Fabianinkatu 21, B 14, Helsinki", "Fabianinkatu 21", "B 14"),
        ("Annankatu 10 Kamppi, 00120", "Annankatu 10", ""),
    ],
)
def test_other_ways_to_write_it_are_the_same_address(typed, line, unit):
    answer = find(typed)

    assert (answer.status, answer.candidates[0].line) == ("exact", line)
    assert answer.unit.replace(" ", "") == unit.replace(" ", "")


def misspelt(street: str, seed: int) -> str:
    """Two neighbouring letters in the middle change places."""
    at = random.Random(seed).randrange(2, len(street) - 3)
    return street[:at] + street[at + 1] + street[at] + street[at + 2 :]


def test_a_misspelt_street_is_asked_about_and_never_rewritten():
    wrong = [(misspelt(row["street"], seed), row) for seed, row in enumerate(TWO_HUNDRED)]
    wrong = [(typed, row) for typed, row in wrong if fold(typed) != fold(row["street"])]

    answers = [(find(f"{typed} {row['number']}"), row) for typed, row in wrong]

    assert len(answers) > 180
    assert {answer.status for answer, _ in answers} == {"similar"}
    assert all(one.confidence < 0.9 for answer, _ in answers for one in answer.candidates)
    right = [any(one.line.startswith(row["street"]) for one in answer.candidates) for answer, row in answers]
    assert sum(right) / len(right) > 0.97


def test_a_house_that_is_not_in_the_file_gives_its_street_with_the_number_as_typed():
    answer = find("Korkeavuorenkatu 99")

    assert answer.status == "street"
    assert [(one.line, one.confidence) for one in answer.candidates] == [("Korkeavuorenkatu 99", 0.45)]


def test_a_house_that_is_missing_is_placed_at_the_nearest_of_its_side(tmp_path, settings):
    write(
        tmp_path,
        settings,
        "Kuja,1,02100,Espoo,,60.1,24\nKuja,6,02100,Espoo,,60.2,24\nKuja,9,02100,Espoo,,60.3,24\n",
    )

    found = find("Kuja 7").candidates[0]

    assert (found.line, found.lat) == ("Kuja 7", 60.3)


def test_a_street_without_a_house_wants_a_pin():
    answer = find("Kalevankatu")

    assert (answer.status, answer.candidates[0].line) == ("street", "Kalevankatu")
    assert answer.candidates[0].confidence < 0.5


def test_a_wrong_postcode_is_asked_about():
    answer = find("Annankatu 10, 00530")

    assert answer.status == "similar"
    assert [(one.line, one.postcode) for one in answer.candidates] == [("Annankatu 10", "00120")]


def test_a_name_that_two_streets_share_gives_both():
    answer = find("Makasiinikatu 4")

    assert answer.status == "similar"
    assert {one.line for one in answer.candidates} == {
        "Eteläinen Makasiinikatu 4",
        "Pohjoinen Makasiinikatu 4",
    }


@pytest.mark.parametrize(
    "typed",
    ["Hämeenkatu 3, 33100 Tampere", "Rue de Rivoli 12, Paris", "Katu 1", "asdf", "21", "00100", "", " , ",
     "?", "😀 3", "Fabianinkatu 123456", "x" * 500, "1; DROP TABLE", "\x00\x01 4"],
)  # fmt: skip
def test_what_is_nowhere_near_is_unknown(typed):
    assert find(typed).status == "unknown"


def test_a_street_of_the_same_name_in_another_city_is_asked_about():
    answer = find("Annankatu 10, Tampere")

    assert answer.status == "similar"
    assert [(one.city, one.confidence) for one in answer.candidates] == [("Helsinki", 0.4)]


def test_a_pin_is_named_by_the_nearest_address():
    row = ROWS[100]

    nearest = nearest_address(lat=float(row["lat"]) + 1e-6, lon=float(row["lon"]))

    assert nearest is not None
    assert nearest.line == f"{row['street']} {row['number']}"


HEADER = "street,number,postcode,city,country,lat,lon\n"


def write(tmp_path, settings, lines: str) -> None:
    (tmp_path / "own.csv").write_text(HEADER + lines, encoding="utf-8")
    settings.GAZETTEER_FILE = str(tmp_path / "own.csv")


def test_one_address_in_two_towns_is_ambiguous(tmp_path, settings):
    write(tmp_path, settings, "Puistotie,3,02100,Espoo,fi,60.2,24.8\nPuistotie,3,01300,Vantaa,fi,60.3,25.0\n")

    both, one = find("Puistotie 3"), find("Puistotie 3, Espoo")

    assert both.status == "ambiguous"
    assert {candidate.city for candidate in both.candidates} == {"Espoo", "Vantaa"}
    assert (one.status, one.candidates[0].city, one.candidates[0].country) == ("exact", "Espoo", "FI")


def test_a_missing_house_in_two_towns_is_ambiguous_too(tmp_path, settings):
    write(tmp_path, settings, "Puistotie,3,02100,Espoo,,60.2,24.8\nPuistotie,3,01300,Vantaa,,60.3,25.0\n")

    assert find("Puistotie 8").status == "ambiguous"
    assert find("Puistotie 8, 02100").status == "street"


def test_two_staircases_with_doors_of_their_own_are_a_question(tmp_path, settings):
    write(tmp_path, settings, "Kuja,3 A,02100,Espoo,,60.2,24.8\nKuja,3 B,02100,Espoo,,60.2001,24.8\n")

    open_question, answered, other = find("Kuja 3"), find("Kuja 3 B 7"), find("Kuja 3 C")

    assert open_question.status == "ambiguous"
    assert (answered.status, answered.candidates[0].line, answered.unit) == ("exact", "Kuja 3 B", "7")
    assert other.status == "similar"


def test_a_house_inside_a_range_is_found_as_typed(tmp_path, settings):
    write(tmp_path, settings, "Kuja,14-20,02100,Espoo,,60.2,24.8\n")

    assert [find(f"Kuja {number}").status for number in (14, 16, 20, "14-20")] == ["exact"] * 4
    assert find("Kuja 16").candidates[0].line == "Kuja 16"
    assert find("Kuja 17").status == "street"


def test_a_file_with_other_columns_is_refused(tmp_path):
    (tmp_path / "bad.csv").write_text("road,number\nKuja,3\n")

    with pytest.raises(ValueError, match="lacks the columns"):
        read_gazetteer(str(tmp_path / "bad.csv"))


def test_a_row_off_the_earth_is_refused(tmp_path):
    (tmp_path / "bad.csv").write_text(HEADER + "Kuja,3,02100,Espoo,,99,24\n")

    with pytest.raises(ValueError, match="nowhere on earth"):
        read_gazetteer(str(tmp_path / "bad.csv"))


def test_the_gazetteer_speaks_geopys_interface():
    gazetteer = Gazetteer(HELSINKI)

    assert gazetteer.geocode("Fabianinkatu 21").address == "Fabianinkatu 21"
    assert gazetteer.geocode("Nowhere 1") is None
    assert gazetteer.geocode("") is None
    assert len(gazetteer.reverse((60.17, 24.94), exactly_one=False)) == 5
    assert gazetteer.reverse("60.17, 24.94").address


def test_what_is_no_address_is_judged_unknown_whatever_was_found():
    assert judge("00100", [], source="anything").status == "unknown"
