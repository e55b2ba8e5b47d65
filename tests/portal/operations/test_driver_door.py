"""What comes of a stop, as its driver says it: by check list, with proofs, once."""

import json
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from portal.models import DriverAct
from scheduling import clock
from scheduling.models import AccessRead, Attempt, Delivery, Proof, Stop
from scheduling.services.notes import set_codes
from tests.factories import NOW
from tests.portal.driving import Day, Morning, Phone, make_day

pytestmark = [pytest.mark.django_db, pytest.mark.once]
STROKES = json.dumps([[[10, 10], [60, 40], [120, 20]]])


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture
def day() -> Day:
    return make_day(2)


@pytest.fixture(autouse=True)
def at(day):
    source = Morning(day.now)
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def phone(day) -> Phone:
    return day.phone()


def a_photo() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (80, 60), "grey").save(out, "JPEG")
    return SimpleUploadedFile("door.jpg", out.getvalue(), content_type="image/jpeg")


def at_door(day: Day, **values: object) -> Stop:
    """The first stop, its delivery with what a test wants."""
    stop = day.stops[0]
    Delivery.objects.filter(pk=stop.delivery_id).update(**values)
    return Stop.objects.select_related("delivery").get(pk=stop.pk)


def outcome(stop: Stop) -> str:
    return Attempt.objects.get(stop=stop).outcome


def test_what_is_handed_over_is_noted_with_its_time_and_place(day, phone):
    stop = day.stops[0]
    phone.says("arrive", stop)
    answer = phone.says(
        "hand_over", stop, how="handed_over", to_whom=" Aino\u202e ", lat="60.17", lon="24.94", accuracy="8"
    )

    assert answer.json()["sentence"] == "Handed over."
    attempt = Attempt.objects.get()
    assert (attempt.to_whom, attempt.actor, attempt.lat) == ("Aino", f"shift:{day.shift.pk}", 60.17)
    stop.delivery.refresh_from_db()
    assert stop.delivery.state == "delivered"
    assert "1 of 2 done" in phone.reads()


def test_without_arriving_first_it_counts_too_and_arriving_afterwards_is_harmless(day, phone):
    stop = day.stops[0]

    assert phone.says("hand_over", stop, how="handed_over").status_code == 200
    assert phone.says("arrive", stop).status_code == 200
    assert outcome(stop) == "handed_over"


def test_a_second_word_on_a_stop_says_that_the_first_stands_and_the_depot_is_told(day, phone):
    stop = day.stops[0]
    phone.says("hand_over", stop, how="handed_over")
    again = phone.says("hand_over", stop, how="handed_over")
    other = phone.says("not_possible", stop, reason="nobody_home")

    assert again.json()["sentence"] == "That was noted already."
    assert other.status_code == 409
    assert "what was noted first counts" in other.json()["error"]["message"]
    assert outcome(stop) == "handed_over"
    assert DriverAct.objects.get(aside="twice").kind == "not_possible"


NEEDS = {
    "signature": {"signature": STROKES},
    "age_check": {"age": "1"},
    "two_people": {"check": "two_people"},
    "fridge": {"check": "fridge"},
}


@pytest.mark.parametrize("need", NEEDS)
def test_each_step_of_the_check_list_blocks_until_it_is_done(day, phone, need):
    stop = at_door(day, requirements=[need])
    refused = phone.says("hand_over", stop, how="handed_over")

    assert refused.status_code == 422
    assert not DriverAct.objects.exists()
    assert phone.says("hand_over", stop, how="handed_over", **NEEDS[need]).status_code == 200


def test_the_same_act_may_come_again_once_it_is_complete(day, phone):
    stop, said = at_door(day, requirements=["signature"]), {"uid": "0" * 31 + "1", "how": "handed_over"}

    assert phone.says("hand_over", stop, **said).status_code == 422
    assert phone.says("hand_over", stop, **said, signature=STROKES).status_code == 200
    assert Proof.objects.get().kind == "signature"


def test_a_safe_place_needs_a_photo_and_its_customers_word(day, phone):
    stop = at_door(day, safe_place="porch")
    assert phone.says("hand_over", stop, how="safe_place").status_code == 422
    assert phone.says("hand_over", day.stops[1], how="safe_place", photo=a_photo()).status_code == 422

    assert phone.says("hand_over", stop, how="safe_place", photo=a_photo()).status_code == 200
    assert outcome(stop) == "safe_place"
    assert Proof.objects.get().kind == "photo"


@pytest.mark.parametrize("data", [b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a"])
def test_what_is_no_photo_is_refused_in_words(day, phone, data):
    stop = at_door(day, safe_place="porch")
    sent = SimpleUploadedFile("door.jpg", data, content_type="image/jpeg")

    assert phone.says("hand_over", stop, how="safe_place", photo=sent).status_code == 422
    assert not Attempt.objects.exists()


def test_a_parcel_that_stays_on_board_makes_it_a_part(day, phone):
    stop = at_door(day, parcel_count=2)
    delivery = stop.delivery
    one = delivery.parcels.get()
    delivery.parcels.create(merchant=delivery.merchant)

    none = phone.says("hand_over", stop, how="handed_over", listed="1")
    assert none.status_code == 422
    phone.says("hand_over", stop, how="handed_over", listed="1", parcel=[one.barcode])

    assert outcome(stop) == "partly"
    assert Attempt.objects.get().parcels == [one.barcode]


@pytest.mark.parametrize(
    ("kind", "reason", "more"),
    [
        ("not_possible", "nobody_home", {}),
        ("refuse", "not_wanted", {}),
        ("refuse", "damaged", {"photo": True}),
    ],
)
def test_what_fails_says_why(day, phone, kind, reason, more):
    stop = day.stops[0]
    files = {"photo": a_photo()} if more else {}
    assert phone.says(kind, stop).status_code == 422
    assert phone.says(kind, stop, reason="x" * 16).status_code == 422

    assert phone.says(kind, stop, reason=reason, note="Locked", **files).status_code == 200
    attempt = Attempt.objects.get()
    assert (attempt.reason, attempt.note) == (reason, "Locked")
    assert attempt.delivery.state == "failed"


def test_a_refusal_for_damage_shows_it(day, phone):
    assert phone.says("refuse", day.stops[0], reason="damaged").status_code == 422


@pytest.mark.parametrize(
    "said",
    [
        {"lat": "x"},
        {"lat": "nan", "lon": "1"},
        {"how": "elsewhere"},
        {"reason": "\x00"},
        {"signature": "\x00"},
        {"accuracy": "-1"},
    ],
)
def test_what_no_page_sends_is_refused_as_a_whole(day, phone, said):
    answer = phone.says("hand_over", day.stops[0], **{"how": "handed_over"} | said)

    assert answer.status_code == 400
    assert not Attempt.objects.exists()


def test_without_a_script_what_was_typed_stands_there_again(day, phone):
    stop = at_door(day, requirements=["age_check"])
    refused = phone.says("hand_over", stop, script=False, how="handed_over", to_whom="Veera", note="Yard")
    page = refused.content.decode()

    assert refused.status_code == 422
    assert "Look at a proof of age" in page
    assert 'value="Veera"' in page
    assert 'value="Yard"' in page


def test_names_and_doors_of_other_days_and_shifts_are_not_on_the_sheet(day, phone):
    other = make_day(1)
    page = phone.reads()

    assert other.stops[0].delivery.address.line not in page
    assert page.count("data-stop=") == 2


# Codes


def test_a_code_is_shown_for_the_next_stop_only_and_never_with_the_sheet(day, phone):
    first, second = day.stops
    for stop in (first, second):
        set_codes(delivery=stop.delivery, codes={"gate_code": "4711-xyzzy"}, actor="link:x", now=NOW)

    assert "4711-xyzzy" not in phone.reads()
    asked = {"stop": first.pk, "code": "gate_code"}
    by_script = phone.client.post("/driver/code/", asked, headers={"Accept": "application/json"})
    assert by_script.json()["text"] == "4711-xyzzy"
    assert by_script["Cache-Control"] == "no-store, private"
    assert "4711-xyzzy" in phone.client.post("/driver/code/", asked).content.decode()
    assert phone.client.post("/driver/code/", asked | {"stop": second.pk}).status_code == 403
    phone.says("hand_over", first, how="handed_over")
    assert phone.client.post("/driver/code/", asked).status_code == 403
    assert phone.client.post("/driver/code/", asked | {"stop": second.pk}).status_code == 200
    assert {read.by for read in AccessRead.objects.all()} == {"driver"}
    for odd in ("", "x", "9" * 40, "٣"):
        assert phone.client.post("/driver/code/", asked | {"stop": odd}).status_code == 403
    assert phone.client.post(
        "/driver/code/", asked | {"stop": second.pk, "code": "door_code"}
    ).status_code in (403, 409)


def test_reading_the_sheet_takes_few_queries(day, phone, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        phone.reads()
