"""A depot's pickup points are brought in line with a list: all of it or nothing."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from scheduling.models import PickupPoint
from scheduling.point_files import read_points
from scheduling.services.points import import_points
from tests.factories import make_depot, make_user
from tests.scheduling.test_point_files import HEAD, KAISA, geojson

pytestmark = [pytest.mark.django_db, pytest.mark.both]

TWO = f"{HEAD}\n{KAISA}\nk2;Lokero;locker;Katu 2;;;60.2;24.9;24/7;8;5\n"


def bring(depot, text: str, **how):
    return import_points(depot=depot, file=read_points(text.encode()), **how)


def test_a_list_is_imported_and_again_changes_nothing():
    depot = make_depot()

    first, again = bring(depot, TWO), bring(depot, TWO)

    assert (first.added, again.added, again.changed, again.same) == (2, 0, 0, 2)
    locker = PickupPoint.objects.get(external_id="k2")
    assert (locker.kind, locker.capacity, locker.parcel_most_g, locker.depot) == ("locker", 8, 5_000, depot)


def test_what_changed_is_changed_and_what_is_taken_stays_taken():
    depot = make_depot()
    bring(depot, TWO)
    PickupPoint.objects.filter(external_id="k2").update(used=3)

    done = bring(depot, TWO.replace(";8;5", ";6;5"))

    assert (done.changed, done.same) == (1, 1)
    locker = PickupPoint.objects.get(external_id="k2")
    assert (locker.capacity, locker.used) == (6, 3)


def test_one_bad_line_imports_nothing():
    depot = make_depot()

    done = bring(depot, TWO + "k3;Kioski;shop;Katu 3;;;24.9;60.2;24/7;8;5\n")

    assert not PickupPoint.objects.exists()
    assert [one.line for one in done.bad] == [4]
    assert "Are lat and lon changed over?" in done.bad[0].reason


def test_a_dry_run_says_what_it_would_do_and_does_nothing():
    done = bring(make_depot(), TWO, dry_run=True)

    assert done.added == 2
    assert not PickupPoint.objects.exists()


def test_a_point_that_is_not_in_the_file_stays_unless_asked_and_without_parcels():
    depot = make_depot()
    bring(depot, TWO + "k3;Kioski;shop;Katu 3;;;60.2;24.9;24/7;8;5\n")
    PickupPoint.objects.filter(external_id="k3").update(used=1)
    rest = f"{HEAD}\n{KAISA}\n"

    assert bring(depot, rest).kept_open == ("Lokero", "Kioski")
    done = bring(depot, rest, close_missing=True)

    assert (done.closed, done.kept_open) == (("Lokero",), ("Kioski",))
    assert not PickupPoint.objects.get(external_id="k2").active
    assert PickupPoint.objects.get(external_id="k3").active


def test_a_point_does_not_become_smaller_than_what_is_in_it():
    depot = make_depot()
    bring(depot, TWO)
    PickupPoint.objects.filter(external_id="k2").update(used=7)

    assert "7 parcels" in bring(depot, TWO.replace(";8;5", ";6;5")).bad[0].reason


def test_two_depots_may_call_their_points_alike():
    bring(make_depot(), TWO)
    bring(make_depot(), TWO)

    assert PickupPoint.objects.filter(external_id="k1").count() == 2


def test_no_counter_goes_below_nothing_or_above_all():
    bring(make_depot(), TWO)
    locker = PickupPoint.objects.get(external_id="k2")

    with pytest.raises(IntegrityError), transaction.atomic():
        PickupPoint.objects.free_places(locker.pk, 1)
    assert PickupPoint.objects.take_places(locker.pk, 8)
    assert not PickupPoint.objects.take_places(locker.pk, 1)
    assert PickupPoint.objects.get(pk=locker.pk).free == 0


def test_the_command_says_what_it_did(tmp_path, capsys):
    depot = make_depot()
    file = tmp_path / "points.geojson"
    file.write_bytes(geojson(opening_hours="24/7", address="Katu 1"))

    call_command("import_pickup_points", file, depot=depot.slug, dry_run=True)
    assert "dry run" in capsys.readouterr().out
    call_command("import_pickup_points", file, depot=depot.slug)

    assert "1 added, 0 changed" in capsys.readouterr().out
    assert PickupPoint.objects.get().lat == 60.2145


def test_the_command_names_bad_lines_and_fails(tmp_path, capsys):
    file = tmp_path / "points.csv"
    file.write_bytes(TWO.replace("24/7", "always").encode())

    with pytest.raises(CommandError, match="1 bad lines, nothing imported"):
        call_command("import_pickup_points", file, depot=make_depot().slug)

    assert "line 3: We can’t read the hours" in capsys.readouterr().err


def test_the_command_refuses_in_words(tmp_path):
    with pytest.raises(CommandError, match="no depot nowhere"):
        call_command("import_pickup_points", tmp_path / "x", depot="nowhere")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_pickup_points", tmp_path / "x", depot=make_depot().slug)


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def upload(client: Client, depot, tmp_path, text: str, **fields):
    file = tmp_path / "points.csv"
    file.write_bytes(text.encode())
    with file.open("rb") as sent:
        return client.post(
            reverse("admin:scheduling_pickuppoint_import"), {"depot": depot.pk, "file": sent} | fields
        )


def test_the_set_up_page_takes_a_list(staff, tmp_path):
    depot = make_depot()

    tried = upload(staff, depot, tmp_path, TWO, dry_run="on")
    assert "2 added" in tried.content.decode()
    assert not PickupPoint.objects.exists()
    done = upload(staff, depot, tmp_path, TWO)

    assert done.status_code == 302
    assert PickupPoint.objects.count() == 2


def test_the_set_up_page_names_bad_lines(staff, tmp_path):
    refused = upload(staff, make_depot(), tmp_path, TWO.replace("24/7", "<b>"))

    assert refused.status_code == 422
    assert "Line 3: We can’t read the hours from “&lt;b&gt;” on." in refused.content.decode()
    assert not PickupPoint.objects.exists()


def test_the_set_up_page_says_why_a_file_is_none(staff, tmp_path):
    assert "no points in it" in upload(staff, make_depot(), tmp_path, HEAD).content.decode()


def test_only_who_may_write_points_may_import_them(client, tmp_path):
    address = reverse("admin:scheduling_pickuppoint_import")

    assert client.get(address).status_code == 302
    client.force_login(make_user(is_staff=True))
    assert client.get(address).status_code == 403


def test_a_point_is_not_made_smaller_than_its_parcels_by_hand_either(staff):
    depot = make_depot()
    bring(depot, TWO)
    locker = PickupPoint.objects.get(external_id="k2")
    PickupPoint.objects.filter(pk=locker.pk).update(used=7)
    form = {"name": "Lokero", "kind": "locker", "line": "Katu 2", "hours": "24/7", "service_s": 60}

    address = reverse("admin:scheduling_pickuppoint_change", args=[locker.pk])
    refused = staff.post(address, form | {"capacity": 6, "active": "on"})
    assert "7 parcels are on their way" in refused.content.decode()
    staff.post(address, form | {"capacity": 9, "active": "on"})

    locker.refresh_from_db()
    assert (locker.capacity, locker.used, locker.service_s) == (9, 7, 60)
