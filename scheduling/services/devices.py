"""What sends a vehicle's place: each device has its own login and key, shown once and kept as a digest."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from django.utils.translation import gettext_lazy as _

from scheduling.errors import DomainError
from scheduling.models import Depot, Device, Vehicle
from scheduling.services.changes import one_change

LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
LOGIN_LETTERS: Final = 10
MOST_OF_A_VEHICLE: Final = 10
MOST_NAME: Final = 60
LONGEST: Final = 100
NOTED_EVERY: Final = timedelta(minutes=1)
NOBODYS: Final = "0" * 64


class BadDevice(DomainError):
    """A device without a name, for no vehicle of the depot, or one too many for its vehicle."""

    code = "bad_device"
    sentence = _("Say what it is and in which vehicle. A vehicle can have ten at once.")


@one_change
def add_device(*, depot: Depot, vehicle_id: int, name: str, now: datetime) -> tuple[Device, str]:
    """Return a new device of one of the depot's vehicles, and its key, which nobody keeps; or BadDevice."""
    vehicle = Vehicle.objects.select_for_update(no_key=True).filter(depot=depot, pk=vehicle_id).first()
    name = " ".join(name.split())
    if vehicle is None or not 1 <= len(name) <= MOST_NAME:
        raise BadDevice
    if vehicle.devices.filter(active=True).count() >= MOST_OF_A_VEHICLE:
        raise BadDevice
    key = secrets.token_urlsafe(24)
    login = "".join(secrets.choice(LETTERS) for _letter in range(LOGIN_LETTERS))
    device = Device.objects.create(
        vehicle=vehicle, name=name, login=login, key_digest=_digest(key), made_at=now
    )
    return device, key


@one_change
def end_device(*, depot: Depot, device_id: int) -> None:
    """Take nothing of a device any more. Repeating it changes nothing, nor does another depot's device."""
    Device.objects.filter(pk=device_id, vehicle__depot=depot).update(active=False)


def device_of(login: str, key: str) -> Device | None:
    """Return the active device that a login and a key stand for; None for any other. One query."""
    device = Device.objects.filter(login=login[:LONGEST], active=True).first() if login else None
    right = compare_digest(device.key_digest if device else NOBODYS, _digest(key[:LONGEST]))
    return device if device and right else None


def note_use(device: Device, *, now: datetime) -> None:
    """Remember when a device was last heard of, to the minute."""
    if device.last_used_at is None or device.last_used_at <= now - NOTED_EVERY:
        Device.objects.filter(pk=device.pk).update(last_used_at=now)


def _digest(key: str) -> str:
    # 192 random bits need no slow hash: there is nothing to guess.
    return sha256(key.encode()).hexdigest()
