"""Proofs: kept clean, verified to the byte, removed in time, gone with whose they were."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from portal.photos import BadPhoto
from portal.services.erasure import erase_person
from portal.services.photos import sweep_photos
from portal.services.proofs import Verdict, forget_proofs, judged, report_stop, verify_all
from portal.tasks import forget_old_people
from scheduling import clock
from scheduling.errors import BadAttempt, BadSignature, StopDone
from scheduling.models import Address, Attempt, Booking, FileToRemove, HandedParcel, Proof
from scheduling.selectors.attempts import attempts_of
from scheduling.services.accounts import close_account
from scheduling.services.handing_over import Handover, undo_attempt
from tests.factories import make_booking, make_network, some_facts, start_day
from tests.portal.test_photos import SECRET, SVG, picture, png_of, with_notes

pytestmark = [pytest.mark.django_db, pytest.mark.both]

DRAWN = json.dumps([[[10, 80], [40, 20], [70, 80]], [[90, 20], [140, 80]]])


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media" / "proofs"


@pytest.fixture
def booking() -> Booking:
    facts = some_facts(parcels=2, requirements=("signature",))
    booking = make_booking(make_network(vans=1), facts=facts)
    start_day(booking.stop.route.shift.plan)
    return booking


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def reports(booking: Booking, *photos: bytes, signature: str = DRAWN, **more) -> Attempt:
    at = booking.stop.opens_at
    lat, lon = booking.delivery.address.lat, booking.delivery.address.lon
    said = {"outcome": "handed_over", "happened_at": at, "to_whom": "Aino", "lat": lat, "lon": lon}
    return report_stop(
        stop_id=booking.stop_id,
        handover=Handover(**said | more),
        photos=[SimpleUploadedFile("door.jpg", data) for data in photos],
        signature=signature,
        actor="shift:1",
        now=at + timedelta(minutes=1),
    )


def verdicts(booking: Booking) -> list[Verdict]:
    booking.delivery.refresh_from_db()
    return [one.verdict for one in judged(booking.delivery, attempts_of(booking.delivery))]


# Kept


def test_a_photo_is_kept_as_a_plain_jpeg_and_a_signature_as_it_was_drawn(booking, folder):
    attempt = reports(booking, with_notes(), picture("PNG"))

    photos = attempt.proofs.filter(kind="photo")
    assert [default_storage.open(proof.path).read()[:2] for proof in photos] == [b"\xff\xd8"] * 2
    assert all(SECRET not in path.read_bytes() for path in files(folder))
    assert json.loads(attempt.proofs.get(kind="signature").strokes) == json.loads(DRAWN)
    assert verdicts(booking) == [Verdict.VERIFIED]


@pytest.mark.parametrize("data", [SVG, b"hello", png_of(30_000, 30_000), picture() + b"<script>"])
def test_what_is_no_photo_is_refused_and_nothing_is_kept(booking, folder, data):
    with pytest.raises(BadPhoto):
        reports(booking, picture(), data)

    assert files(folder) == []
    assert not Attempt.objects.exists()


def test_a_signature_that_is_none_and_too_many_photos_are_refused(booking, folder):
    with pytest.raises(BadSignature):
        reports(booking, signature="[[[1,1]]]")
    with pytest.raises(BadAttempt, match="up to four"):
        reports(booking, *[b""] * 5)

    assert files(folder) == []


def test_photos_of_a_report_that_is_made_again_or_refused_are_dropped(booking, folder):
    first = reports(booking, picture())
    kept = files(folder)

    assert reports(booking, picture()) == first
    with pytest.raises(StopDone):
        reports(booking, picture(), outcome="not_possible", reason="nobody_home", signature="")
    assert files(folder) == kept
    assert len(kept) == 1


def test_files_that_no_row_came_to_name_are_swept_and_others_stay(booking, folder):
    reports(booking, picture())
    (folder / "left-behind.jpg").write_bytes(b"x")

    assert sweep_photos(wall=clock.wall() + timedelta(hours=2)) == 1
    assert len(files(folder)) == 1
    assert verdicts(booking) == [Verdict.VERIFIED]


# Verified


def altered(booking: Booking) -> bool:
    return verdicts(booking) == [Verdict.ALTERED]


def test_one_flipped_byte_of_a_photo_is_found(booking, folder):
    reports(booking, picture())
    (path,) = files(folder)
    data = bytearray(path.read_bytes())
    for place in (0, len(data) // 2, len(data) - 1):
        data[place] ^= 1
        path.write_bytes(data)
        assert altered(booking)
        data[place] ^= 1
        path.write_bytes(data)
        assert verdicts(booking) == [Verdict.VERIFIED]

    path.unlink()
    assert altered(booking)


@pytest.mark.parametrize(
    "change",
    [
        {"to_whom": "Somebody else"}, {"outcome": "partly"}, {"note": "left outside"}, {"parcels": []},
        {"lat": 60.0}, {"lon": 24.0}, {"distance_m": 3}, {"accuracy_m": 5.0}, {"actor": "shift:2"},
        {"age_checked": True}, {"seal": ""}, {"number": 7},
    ],
)  # fmt: skip
def test_a_changed_row_is_found(booking, change):
    reports(booking, picture())

    Attempt.objects.update(**change)

    assert altered(booking)


@pytest.mark.parametrize("name", ["arrived_at", "happened_at", "told_at"])
def test_another_minute_is_found(booking, name):
    attempt = reports(booking)
    minute = timedelta(minutes=-1 if name == "arrived_at" else 1)

    Attempt.objects.update(**{name: getattr(attempt, name) + minute})

    assert altered(booking)


def test_a_proof_that_is_taken_away_swapped_or_added_is_found(booking):
    attempt = reports(booking, picture(size=(64, 48)), picture(size=(48, 64)))
    first, second, signed = attempt.proofs.all()

    Proof.objects.filter(pk=second.pk).update(path=first.path)
    assert altered(booking)
    Proof.objects.filter(pk=second.pk).update(path=second.path)
    assert verdicts(booking) == [Verdict.VERIFIED]
    Proof.objects.filter(pk=signed.pk).update(strokes=signed.strokes.replace("140", "141"))
    assert altered(booking)
    signed.delete()
    assert altered(booking)


def test_a_try_that_is_taken_away_breaks_the_next(booking):
    reports(booking)
    at = booking.stop.opens_at
    undo_attempt(stop_id=booking.stop_id, because="Wrong stop", actor="user:1", now=at)
    reports(booking, picture())
    assert verdicts(booking) == [Verdict.VERIFIED] * 2

    Attempt.objects.get(number=1).delete()

    assert altered(booking)


def test_the_command_names_what_was_altered_and_fails(booking):
    def run() -> tuple[int, str]:
        out = StringIO()
        try:
            call_command("verify_proofs", stdout=out)
        except SystemExit as left:
            return int(left.code or 0), out.getvalue()
        return 0, out.getvalue()

    attempt = reports(booking, picture())
    assert run() == (0, "verified 1  altered 0  erased 0\n")

    default_storage.delete(attempt.proofs.get(kind="photo").path)

    code, said = run()
    assert code == 1
    assert said.startswith(f"{booking.delivery.ref} 2026-11-24 08:00 UTC: altered\n")


def test_all_are_verified_in_few_queries(booking, django_assert_num_queries):
    reports(booking, picture())

    with django_assert_num_queries(3):
        assert [one.verdict for one in verify_all()] == [Verdict.VERIFIED]


# Removed


def test_after_some_days_photos_and_signatures_go_and_what_was_noted_stays(booking, folder, settings):
    attempt = reports(booking, picture())
    settings.PROOF_DAYS = 30
    kept_at = attempt.proofs.all()[0].kept_at
    assert forget_proofs(now=kept_at + timedelta(days=30)) == 0
    clock.set_source(lambda: kept_at + timedelta(days=30, seconds=1))

    assert forget_old_people() >= 2

    clock.set_source(None)
    assert files(folder) == []
    assert not FileToRemove.objects.exists()
    assert not Proof.objects.exclude(strokes="", path="").exists()
    assert verdicts(booking) == [Verdict.VERIFIED]
    attempt.refresh_from_db()
    assert attempt.to_whom == "Aino"


def test_nothing_is_removed_where_the_setting_says_so(booking, settings):
    reports(booking, picture())
    settings.PROOF_DAYS = 0

    assert forget_proofs(now=booking.stop.opens_at + timedelta(days=9_999)) == 0


def test_with_whose_it_was_goes_all_that_shows_or_names_them(booking, folder):
    reports(booking, picture(), note="Aino’s dog")
    plan = booking.stop.route.shift.plan
    close_account(plan_id=plan.pk, now=booking.stop.opens_at + timedelta(days=1))

    erase_person(delivery=booking.delivery, actor="link:1", now=booking.stop.opens_at + timedelta(days=2))

    attempt = Attempt.objects.get()
    assert files(folder) == []
    assert not Proof.objects.exclude(strokes="", path="").exists()
    assert (attempt.to_whom, attempt.note, attempt.lat, attempt.lon) == ("", "", None, None)
    assert attempt.outcome == "handed_over"
    assert HandedParcel.objects.count() == 2
    assert Address.objects.get(pk=booking.delivery.address_id).line != "Aino"
    assert verdicts(booking) == [Verdict.ERASED]
