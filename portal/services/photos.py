"""Photos of doors and of goods: kept under names drawn by lot, shown by addresses that end after minutes."""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import IO, Final

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse

from portal.photos import plain_jpeg
from returns.selectors.shown import names_file
from scheduling.selectors import files

FOLDER: Final = "safe-places"
PROOFS: Final = "proofs"
RETURNS: Final = "returns"
SHOWN_FOR: Final = timedelta(minutes=5)
UNUSED_FOR: Final = timedelta(hours=1)
"""A file that no row names is nobody's by then: its change was refused, or its process killed."""
SALT: Final = "portal.photo"


def keep_photo(file: IO[bytes], *, size: int, folder: str = FOLDER) -> str:
    """Keep a photo as a plain JPEG; return its path below MEDIA_ROOT. Raises BadPhoto."""
    return keep_picture(plain_jpeg(file, size=size), folder=folder)


def keep_picture(data: bytes, *, folder: str) -> str:
    """Keep a plain JPEG in a folder below MEDIA_ROOT; return its path."""
    return default_storage.save(f"{folder}/{token_urlsafe(24)}.jpg", ContentFile(data))


def is_named(path: str) -> bool:
    """Whether a row of any kind names a file. Three queries at most."""
    return files.is_named(path) or names_file(path)


def drop_photo(path: str) -> None:
    """Remove a photo that no row came to name."""
    if path and not is_named(path):
        default_storage.delete(path)


def sweep_photos(*, wall: datetime) -> int:
    """Remove photos that no row names; return how many. `wall` is the machine's own time, as of files."""
    return sum(_sweep(folder, wall=wall) for folder in (FOLDER, PROOFS, RETURNS))


def _sweep(folder: str, *, wall: datetime) -> int:
    if not default_storage.exists(folder):
        return 0
    _folders, names = default_storage.listdir(folder)
    count = 0
    for path in (f"{folder}/{name}" for name in names):
        if default_storage.get_modified_time(path) < wall - UNUSED_FOR and not is_named(path):
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


def photo_response(path: str, *, name: str = "place.jpg") -> HttpResponse:
    """Return a photo: always a JPEG, kept by nobody. Raises Http404 where it is gone."""
    try:
        with default_storage.open(path) as file:
            return picture_response(file.read(), content_type="image/jpeg", name=name)
    except FileNotFoundError as error:
        raise Http404 from error


def picture_response(data: bytes, *, content_type: str, name: str) -> HttpResponse:
    """Return a picture that nobody keeps."""
    response = HttpResponse(data, content_type=content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
