import pytest

from tests.portal.customers.conftest import Shopper

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def text(response) -> str:
    return response.content.decode()


def test_an_address_found_exactly_leads_straight_to_the_times(shopper):
    response = shopper.types()

    assert (response.status_code, response["Location"]) == (303, shopper.base + "times/")
    assert "Testikatu 1, 00100 Helsinki" in text(shopper.sees_times())


def test_what_a_shops_link_says_is_filled_in_and_not_trusted(shopper):
    page = text(shopper.client.get(shopper.base + '?address="><script>&size=boxes&order=10482'))

    assert "&quot;&gt;&lt;script&gt;" in page
    assert 'value="boxes" id="id_size_1" checked' in page.replace(' class="field__input"', "")


def test_an_unknown_address_gets_a_sentence_and_keeps_what_was_typed(shopper):
    response = shopper.types("Olematon 5, Helsinki", unit="B 14")

    assert response.status_code == 422
    assert "We can’t find this address" in text(response)
    assert 'value="Olematon 5, Helsinki"' in text(response)
    assert 'value="B 14"' in text(response)


def test_a_number_nobody_knows_asks_for_the_pin(shopper):
    response = shopper.types("Testikatu 99, 00100 Helsinki")
    page = text(shopper.client.get(response["Location"]))

    assert response["Location"] == shopper.base + "place/"
    assert "Is the pin at your door?" in page
    assert "data-movable" in page
    assert "Testikatu 99, 00100 Helsinki" in page


def test_a_misspelt_street_is_asked_about_and_not_rewritten(shopper):
    shopper.types("Testikattu 1, 00100 Helsinki")
    page = text(shopper.client.get(shopper.base + "place/"))

    assert "Did you mean" in page
    assert "Testikattu 1, 00100 Helsinki" in page
    assert "Testikatu 1" in page


def test_one_of_several_addresses_is_chosen(shopper):
    shopper.types("Rantatie 4, Helsinki")
    page = text(shopper.client.get(shopper.base + "place/"))

    response = shopper.client.post(shopper.base + "place/", {"choice": "1"})

    assert "Which one is it?" in page
    assert response["Location"] == shopper.base + "times/"
    assert "Rantatie 4" in text(shopper.sees_times())


@pytest.mark.parametrize("choice", ["", "7", "-1", "x"])
def test_a_choice_that_is_not_there_is_refused(shopper, choice):
    shopper.types("Rantatie 4, Helsinki")

    response = shopper.client.post(shopper.base + "place/", {"choice": choice})

    assert response.status_code == 422


def test_a_pin_may_be_moved_to_the_door(shopper):
    shopper.types("Testikatu 99, 00100 Helsinki")

    shopper.client.post(shopper.base + "place/", {"choice": "0", "lat": "60.1711", "lon": "24.9422"})

    page = text(shopper.sees_times())
    assert "You moved the pin" in page
    assert 'data-lat="60.1711"' in page


@pytest.mark.parametrize("pin", [("0", "0"), ("61", "24.94"), ("91", "24"), ("nan", "24"), ("x", "y")])
def test_a_pin_far_away_or_nowhere_is_refused(shopper, pin):
    shopper.types("Testikatu 99, 00100 Helsinki")

    response = shopper.client.post(shopper.base + "place/", {"choice": "0", "lat": pin[0], "lon": pin[1]})

    assert response.status_code == 422


def test_a_question_without_an_address_goes_back_to_the_start(shopper):
    assert shopper.client.get(shopper.base + "place/")["Location"] == shopper.base


@pytest.mark.parametrize(
    ("parcels", "weight", "sentence"),
    [
        ("-2", "9", "There must be at least 1 parcel."),
        ("0", "9", "There must be at least 1 parcel."),
        ("two", "9", "Write the number of parcels in digits"),
        ("201", "9", "We take up to 200 parcels"),
        ("2", "-9", "The weight must be more than zero."),
        ("2", "0", "The weight must be more than zero."),
        ("2", "heavy", "Write the weight in digits"),
        ("2", "1e99", "We take up to 2000 kg"),
        ("2", "NaN", "Write the weight in digits"),
        ("2", "Infinity", "Write the weight in digits"),
        ("", "9", "How many parcels?"),
        ("2", "", "How heavy together?"),
        ("9" * 5000, "9", ""),
    ],
)
def test_an_impossible_size_gets_its_own_sentence_and_loses_nothing(shopper, parcels, weight, sentence):
    response = shopper.types(size="exact", parcels=parcels, weight=weight)

    assert response.status_code == 422
    assert sentence in text(response)
    assert 'value="Testikatu 1, 00100 Helsinki"' in text(response)


def test_a_weight_may_have_a_decimal_comma(shopper):
    shopper.types(size="exact", parcels="2", weight="2,5")

    assert "2 parcels, 2.5 kg" in text(shopper.sees_times())


def test_numbers_do_not_count_where_a_size_was_chosen(shopper):
    assert shopper.types(size="bag", parcels="-1", weight="x").status_code == 303


def test_no_size_is_chosen_for_you(shopper):
    assert "checked" not in text(shopper.client.get(shopper.base))
    assert shopper.types(size="").status_code == 422
    assert shopper.types(size="elephant").status_code == 422


def test_a_geocoder_that_is_down_says_so_and_keeps_what_was_typed(shopper, settings):
    settings.GEOCODER, settings.GEOCODER_URL = "photon", "http://127.0.0.1:9"

    response = shopper.types()

    assert response.status_code == 503
    assert "does not answer right now" in text(response)
    assert 'value="Testikatu 1, 00100 Helsinki"' in text(response)


def test_a_shop_that_does_not_exist_is_not_found(client):
    for page in ("", "place/", "times/", "check/", "how-we-count/"):
        assert client.get(f"/s/nobody/{page}").status_code == 404


def test_three_places_are_enough_for_one_session(shopper, outlet):
    for number in (1, 3, 5):
        assert shopper.types(f"Testikatu {number}, 00100 Helsinki").status_code == 303

    fourth = shopper.types("Testikatu 7, 00100 Helsinki")

    assert fourth.status_code == 429
    assert "three places" in text(fourth)
    assert int(fourth["Retry-After"]) > 0
    assert shopper.types("Testikatu 3, 00100 Helsinki").status_code == 303
    assert Shopper(outlet).types("Testikatu 7, 00100 Helsinki").status_code == 303


def test_a_moved_pin_is_another_place(shopper):
    for north in ("60.1700", "60.1701", "60.1702"):
        shopper.types("Testikatu 99, 00100 Helsinki")
        shopper.client.post(shopper.base + "place/", {"choice": "0", "lat": north, "lon": "24.9410"})

    shopper.types("Testikatu 99, 00100 Helsinki")
    fourth = shopper.client.post(shopper.base + "place/", {"choice": "0", "lat": "60.1703", "lon": "24.9410"})

    assert fourth.status_code == 429
