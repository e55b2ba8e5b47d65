"""Photos of safe places: kept under names drawn by lot, shown by addresses that end after five minutes."""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import IO, Final

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse

from portal.photos import plain_jpeg
from scheduling.models import Delivery

FOLDER: Final = "safe-places"
SHOWN_FOR: Final = timedelta(minutes=5)
UNUSED_FOR: Final = timedelta(hours=1)
"""A file that no row names is nobody's by then: its change was refused, or its process killed."""
SALT: Final = "portal.photo"


def keep_photo(file: IO[bytes], *, size: int) -> str:
    """Keep a photo as a plain JPEG; return its path below MEDIA_ROOT. Raises BadPhoto."""
    data = plain_jpeg(file, size=size)
    return default_storage.save(f"{FOLDER}/{token_urlsafe(24)}.jpg", ContentFile(data))


def drop_photo(path: str) -> None:
    """Remove a photo that no row came to name."""
    if path and not Delivery.objects.filter(safe_place_photo=path).exists():
        default_storage.delete(path)


def sweep_photos(*, wall: datetime) -> int:
    """Remove photos that no row names; return how many. `wall` is the machine's own time, as of files."""
    if not default_storage.exists(FOLDER):
        return 0
    _folders, names = default_storage.listdir(FOLDER)
    count = 0
    for path in (f"{FOLDER}/{name}" for name in names):
        old = default_storage.get_modified_time(path) < wall - UNUSED_FOR
        if old and not Delivery.objects.filter(safe_place_photo=path).exists():
            default_storage.delete(path)
            count += 1
    return count


def seal(path: str, *, whom: str, now: datetime) -> str:
    """Return what stands in an address that shows a photo to somebody for five minutes."""
    return signing.dumps([path, whom, int((now + SHOWN_FOR).timestamp())], salt=SALT)


def unseal(sealed: str, *, path: str, whom: str, now: datetime) -> None:
    """Raise Http404 unless this is such an address of this photo, for them, and not over."""
    try:
        said, to, until = signing.loads(sealed, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise Http404 from error
    if not path or said != path or to != whom or now.timestamp() >= until:
        raise Http404


def photo_response(path: str) -> HttpResponse:
    """Return a photo: always a JPEG, kept by nobody. Raises Http404 where it is gone."""
    try:
        with default_storage.open(path) as file:
            response = HttpResponse(file.read(), content_type="image/jpeg")
    except FileNotFoundError as error:
        raise Http404 from error
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    response["Content-Disposition"] = 'inline; filename="place.jpg"'
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
