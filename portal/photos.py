"""Photos as phones send them, made harmless: judged before decoding, drawn anew, nothing else kept."""

import struct
import warnings
import zlib
from io import BytesIO
from threading import Lock
from typing import IO, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL import Image

from scheduling.errors import DomainError

ACCEPT: Final = "image/jpeg,image/png,image/webp"
"""What browsers offer to choose: iPhones then turn HEIC into JPEG by themselves."""
FORMATS: Final = ("JPEG", "PNG", "WEBP")
MOST_BYTES: Final = 12 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000
MOST_PROGRESSIVE_PIXELS: Final = 24_000_000
MOST_WEBP_PIXELS: Final = 12_000_000
"""Their decoders hold a whole picture several times over; cameras write neither."""
LONGEST_SIDE: Final = 1600
QUALITY: Final = 82
HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif"})
SOMETHING_ELSE: Final = (b"<script", b"<html", b"<!doctype", b"<svg", b"<?php", b"%pdf-")
"""What a picture has no use for: a file that is also another thing is refused, whatever it shows."""
ZIP_END: Final = b"PK\x05\x06"
ZIP_TAIL: Final = 65_557
ORIENTATION: Final = 0x0112
TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture is turned upright, by what its camera noted."""
UNREADABLE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow raises for files that are no pictures, or broken ones."""

_one_at_a_time = Lock()


class BadPhoto(DomainError):
    """What was sent is no photo that we take. The sentence says what to send instead."""

    code = "bad_photo"
    sentence: str | Promise = _("We can’t read that as a photo. Choose a JPEG, PNG or WebP picture.")


TOO_LARGE: Final = _("That photo is too large: we take up to 12 MB and 40 megapixels, of some formats less.")
FROM_AN_IPHONE: Final = _(
    "Your phone’s photo format is HEIC, which we can’t read. Choose JPEG: in the camera’s settings under "
    "Formats, “Most Compatible”, or take a screenshot of the photo."
)
ALSO_SOMETHING_ELSE: Final = _("That file holds more than a photo. Take a new photo and send that.")


def plain_jpeg(file: IO[bytes], *, size: int) -> bytes:
    """Return a file's picture as a JPEG of at most 1600 pixels a side: upright, and nothing but the picture.

    `size` is in bytes. One at a time is decoded in a process, so that it never takes more than 300 MB.
    Raises BadPhoto with what to do.
    """
    if size > MOST_BYTES:
        raise BadPhoto(TOO_LARGE)
    data = file.read(MOST_BYTES + 1)
    _judge(data)
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about broken notes of cameras, which are dropped anyway
        try:
            return _drawn_anew(data)
        except UNREADABLE as error:
            raise BadPhoto from error


def _judge(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise BadPhoto(TOO_LARGE)
    if data[4:8] == b"ftyp" and data[8:12] in HEIC:
        raise BadPhoto(FROM_AN_IPHONE)
    lowered = data.lower()
    if any(mark in lowered for mark in SOMETHING_ELSE) or ZIP_END in data[-ZIP_TAIL:]:
        raise BadPhoto(ALSO_SOMETHING_ELSE if data[:1] not in (b"<", b"%") else None)


def _drawn_anew(data: bytes) -> bytes:
    image: Image.Image = Image.open(BytesIO(data), formats=FORMATS)  # its head alone: nothing is decoded yet
    if image.width * image.height > _most_pixels(image):
        raise BadPhoto(TOO_LARGE)
    turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded at an eighth, where that is enough
    image = _roughly_small(image)  # from here on the large one is nobody's
    small = _small(image)
    fresh = Image.new("RGB", small.size, "white")
    if small.mode in ("RGBA", "LA", "PA") or "transparency" in small.info:
        see_through = small.convert("RGBA")
        fresh.paste(see_through, mask=see_through.getchannel("A"))
    else:
        fresh.paste(small.convert("RGB"))
    if turn is not None:
        fresh = fresh.transpose(turn)
    out = BytesIO()
    fresh.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _most_pixels(image: Image.Image) -> int:
    if image.format == "WEBP":
        return MOST_WEBP_PIXELS
    return MOST_PROGRESSIVE_PIXELS if image.info.get("progressive") else MOST_PIXELS


def _roughly_small(image: Image.Image) -> Image.Image:
    """Return the picture at twice the size that is wanted, or a little more, where that is quick."""
    factor = max(image.size) // (2 * LONGEST_SIDE)
    whole = image.mode in ("RGB", "RGBA", "L", "LA", "CMYK", "YCbCr")
    return _reduced(image, factor) if whole and factor > 1 else image


def _small(image: Image.Image) -> Image.Image:
    """Return the picture at a size that a driver needs."""
    scale = min(1.0, LONGEST_SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if image.mode in ("RGB", "RGBA", "L"):
        return image.resize(size, Image.Resampling.LANCZOS)
    return image.resize(size, Image.Resampling.NEAREST)  # of palettes and the like no means can be taken


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Return the picture a whole factor smaller, strip by strip: else all of it would be copied."""
    size = (-(-image.width // factor), -(-image.height // factor))
    reduced = Image.new(image.mode, size)
    step = 256 * factor
    for top in range(0, image.height, step):
        strip = image.crop((0, top, image.width, min(top + step, image.height)))
        reduced.paste(strip.reduce(factor), (0, top // factor))
    return reduced
