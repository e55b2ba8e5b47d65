"""OwnTracks and Traccar as they come: their own payloads, word for word, and whatever else may be sent."""

import base64
import json
import logging
from datetime import UTC, datetime

import pytest
from django.test import Client

from portal.operations import positions
from portal.redaction import redact
from portal.throttle import Limit
from scheduling import clock
from scheduling.models import LastSeen, Position
from scheduling.services.devices import add_device, end_device
from tests.factories import CENTRE, make_booking, make_network, plan_on, start_day

pytestmark = [pytest.mark.django_db, pytest.mark.once]

OWNTRACKS, TRACCAR = "/api/v1/positions/owntracks", "/api/v1/positions/traccar"


@pytest.fixture
def route():
    outlet = make_network(vans=1)
    make_booking(outlet)
    (route,) = start_day(plan_on(outlet))
    clock.set_source(lambda: at(60))
    yield route
    clock.set_source(None)


def at(seconds: int) -> datetime:
    """So long after seven in Helsinki, when the van left."""
    return datetime.fromtimestamp(int(datetime(2026, 11, 24, 5, tzinfo=UTC).timestamp()) + seconds, UTC)


@pytest.fixture
def device(route):
    device, key = add_device(
        depot=route.shift.plan.depot, vehicle_id=route.shift.vehicle_id, name="Phone", now=at(0)
    )
    device.key = key
    return device


def basic(login: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{login}:{key}".encode()).decode()}


def tell_owntracks(device, said, *, key: str = ""):
    return Client().post(
        OWNTRACKS,
        data=said if isinstance(said, (bytes, str)) else json.dumps(said),
        content_type="application/json",
        headers=basic(device.login, key or device.key),
    )


def location(seconds: int = 30, **values):
    """A location message as OwnTracks sends it."""
    said = {
        "_type": "location", "BSSID": "00:11:22:33:44:55", "SSID": "van", "acc": 12, "alt": 21, "batt": 84,
        "bs": 1, "cog": 271, "conn": "m", "created_at": int(at(seconds).timestamp()) + 1, "lat": CENTRE[0],
        "lon": CENTRE[1], "m": 1, "t": "t", "tid": "VA", "topic": "owntracks/van/phone",
        "tst": int(at(seconds).timestamp()), "vac": 3, "vel": 36,
    }  # fmt: skip
    return said | values


def test_a_message_of_owntracks_is_taken_as_it_comes(device):
    answer = tell_owntracks(device, location())

    assert (answer.status_code, answer.json()) == (200, [])
    row = Position.objects.get()
    assert (row.at, row.lat, row.lon) == (at(30), *CENTRE)
    assert (row.accuracy_m, row.heading) == (12, 271)
    assert row.speed_m_per_s == pytest.approx(10)
    assert row.source == device.login


@pytest.mark.parametrize(
    "said",
    [
        b"",
        {"_type": "lwt", "tst": 1},
        {"_type": "transition", "event": "enter", "lat": 60.1, "lon": 24.9, "tst": 1},
        {"_type": "encrypted", "data": "c2VjcmV0"},
        {"_type": "location", "tst": 1},
        {"_type": "location", "lat": None, "lon": "x", "tst": "y"},
        location(lat=True),
        location(tst=10**30),
        location(lat="NaN"),
        [],
        [1, None, "x"],
        7,
        None,
    ],
)
def test_what_is_no_place_is_answered_alike_and_not_kept(device, said):
    answer = tell_owntracks(device, said)

    assert (answer.status_code, answer.json()) == (200, [])
    assert not Position.objects.exists()


def test_what_is_no_json_is_refused(device):
    assert tell_owntracks(device, b"{not json").status_code == 400
    assert tell_owntracks(device, b"\xff\xfe").status_code == 400
    assert tell_owntracks(device, b"[" * 100_000).status_code == 400


def traccar_9(device, seconds: int = 30, **values):
    """What Traccar Client 9 posts."""
    location = {
        "timestamp": at(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "coords": {
            "latitude": CENTRE[0], "longitude": CENTRE[1], "accuracy": 8.5, "speed": 9.7,
            "heading": 180.0, "altitude": 12.1,
        },
        "is_moving": True,
        "odometer": 1234.5,
        "event": "motionchange",
        "battery": {"level": 0.83, "is_charging": False},
        "activity": {"type": "in_vehicle"},
        "extras": {},
    }  # fmt: skip
    return {"location": location, "device_id": f"{device.login}-{device.key}"} | values


def test_traccars_new_form_is_taken_as_it_comes(device):
    answer = Client().post(TRACCAR, json.dumps(traccar_9(device)), content_type="application/json")

    assert answer.status_code == 200
    row = Position.objects.get()
    assert (row.at, row.lat, row.accuracy_m, row.speed_m_per_s) == (at(30), CENTRE[0], 8.5, 9.7)


@pytest.mark.parametrize("stamp", ["s", "ms", "iso", "naive"])
@pytest.mark.parametrize("way", ["query", "posted query", "fields"])
def test_traccars_old_form_is_taken_in_every_way(device, stamp, way):
    seconds = int(at(30).timestamp())
    stamps = {
        "s": seconds,
        "ms": seconds * 1000,
        "iso": at(30).isoformat(),
        "naive": f"{at(30):%Y-%m-%dT%H:%M:%S}",
    }
    said = {
        "id": f"{device.login}-{device.key}", "timestamp": stamps[stamp], "lat": CENTRE[0], "lon": CENTRE[1],
        "speed": 19.4384, "bearing": 90.0, "altitude": 12.0, "accuracy": 5.0, "batt": 83.0,
    }  # fmt: skip
    ways = {
        "query": lambda: Client().get(TRACCAR, said),
        "posted query": lambda: Client().post(TRACCAR, query_params=said),
        "fields": lambda: Client().post(TRACCAR, said),
    }

    assert ways[way]().status_code == 200
    row = Position.objects.get()
    assert (row.at, row.heading) == (at(30), 90)
    assert row.speed_m_per_s == pytest.approx(10, abs=0.01)


def test_a_heading_and_a_deviceid_are_names_for_the_same(device):
    said = {"deviceid": f"{device.login}-{device.key}", "timestamp": int(at(30).timestamp()), "heading": 45}

    assert Client().get(TRACCAR, said | {"lat": CENTRE[0], "lon": CENTRE[1]}).status_code == 200
    assert Position.objects.get().heading == 45


def test_who_is_not_known_is_told_so_and_nothing_is_kept(device):
    wrong = [
        Client().post(OWNTRACKS, json.dumps(location()), content_type="application/json"),
        tell_owntracks(device, location(), key="wrong"),
        Client().post(
            OWNTRACKS, "{}", content_type="application/json", headers={"Authorization": "Basic %%"}
        ),
        Client().get(TRACCAR, {"id": device.login, "lat": 1, "lon": 1, "timestamp": 1}),
        Client().get(TRACCAR, {"id": "\x00-\x00", "lat": 1, "lon": 1, "timestamp": 1}),
        Client().get(TRACCAR),
    ]
    end_device(depot=device.vehicle.depot, device_id=device.pk)
    wrong.append(tell_owntracks(device, location()))

    assert {answer.status_code for answer in wrong} == {401}
    assert all(answer["WWW-Authenticate"].startswith("Basic") for answer in wrong)
    assert not Position.objects.exists()


def test_the_same_again_is_answered_alike_and_kept_once(device):
    for _time in range(3):
        assert tell_owntracks(device, location()).status_code == 200

    assert Position.objects.count() == 1


def test_a_phone_that_was_offline_tells_all_at_once(device):
    told = [location(seconds=n % 60, lat=CENTRE[0] + (n % 60) / 20_000) for n in range(600)]

    assert tell_owntracks(device, told).status_code == 200

    assert Position.objects.count() == 60
    assert LastSeen.objects.get().at == at(59)


def test_who_tells_too_often_is_told_when_to_come_back(device, monkeypatch):
    monkeypatch.setattr(positions, "PER_DEVICE", Limit("positions-device", times=2, per_s=300))
    answers = [tell_owntracks(device, location(seconds=n)) for n in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_a_key_in_a_query_reaches_no_log(device, caplog):
    said = f"GET {TRACCAR}?id={device.login}-{device.key}&lat=60.1&lon=24.9 HTTP/1.1"

    assert device.key not in redact(said)
    assert "lat=60.1" in redact(said)
    with caplog.at_level(logging.INFO):
        logging.getLogger("anything").info("asked for %s", said)
    assert device.key not in caplog.text


def test_only_the_methods_that_the_apps_use_are_taken(device):
    assert Client().get(OWNTRACKS).status_code == 405
    assert Client().put(TRACCAR).status_code == 405
