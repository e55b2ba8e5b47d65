"""Photos as they come: judged before they are decoded, nothing but the picture kept, never much memory."""

import struct
import subprocess
import sys
import zlib
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from portal.photos import LONGEST_SIDE, MOST_BYTES, BadPhoto, plain_jpeg

SECRET = b"Aino was here"


def picture(form: str = "JPEG", size: tuple[int, int] = (640, 480), mode: str = "RGB", **how) -> bytes:
    out = BytesIO()
    Image.effect_noise(size, 40).convert(mode).save(out, form, **how)
    return out.getvalue()


def made(data: bytes) -> Image.Image:
    return Image.open(BytesIO(plain_jpeg(BytesIO(data), size=len(data))))


def refusal(data: bytes, *, size: int | None = None) -> str:
    with pytest.raises(BadPhoto) as caught:
        plain_jpeg(BytesIO(data), size=size if size is not None else len(data))
    return str(caught.value)


@pytest.mark.parametrize(
    ("form", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"),
     ("PNG", "LA"), ("WEBP", "RGB"), ("WEBP", "RGBA")],
)  # fmt: skip
def test_whatever_a_phone_sends_becomes_a_plain_jpeg(form, mode):
    image = made(picture(form, mode=mode))

    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (640, 480))


def test_a_large_one_becomes_small():
    image = made(picture(size=(4000, 3000), quality=60))

    assert image.size == (LONGEST_SIDE, 1200)


def with_notes() -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, SECRET.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (60.0, 10.0, 12.0), 3: "E", 4: (24.0, 56.0, 24.0)})
    xmp = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
    return picture(size=(640, 480), exif=exif.tobytes(), comment=SECRET, xmp=xmp, icc_profile=SECRET)


def test_nothing_of_where_when_or_by_whom_is_kept_and_it_stands_upright():
    data = with_notes()
    assert data.count(SECRET) >= 4

    plain = plain_jpeg(BytesIO(data), size=len(data))

    for gone in (SECRET, b"Exif", b"GPS", b"xmpmeta", b"ICC_PROFILE", b"ns.adobe", b"\xff\xfe", b"\xff\xe1"):
        assert gone not in plain[:600]
    assert SECRET not in plain
    image = Image.open(BytesIO(plain))
    assert (dict(image.getexif()), image.size) == ({}, (480, 640))
    assert {"comment", "exif", "xmp", "icc_profile"} & image.info.keys() == set()


def described() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    return exif.tobytes()


def test_what_a_png_or_webp_says_is_dropped_too():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode())
    info.add_itxt("XML:com.adobe.xmp", SECRET.decode())

    for data in (picture("PNG", pnginfo=info), picture("WEBP", xmp=SECRET, exif=described())):
        assert SECRET in data
        assert SECRET not in plain_jpeg(BytesIO(data), size=len(data))


# Refused


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "can’t read that as a photo"),
        (b"hello", "can’t read that as a photo"),
        (SVG, "can’t read that as a photo"),
        (SVG.partition(b"?>")[2], "can’t read that as a photo"),
        (b"%PDF-1.7 ...", "can’t read that as a photo"),
        (b"GIF89a" + b"\0" * 64, "can’t read that as a photo"),
        (b"BM" + b"\0" * 64, "can’t read that as a photo"),
        (b"II*\0" + b"\0" * 64, "can’t read that as a photo"),
        (HEIC, "Your phone’s photo format is HEIC"),
        (picture()[:3000], "can’t read that as a photo"),
        (picture("PNG")[:3000], "can’t read that as a photo"),
        (picture("WEBP")[:2000], "can’t read that as a photo"),
        (picture() + b"<script>alert(1)</script>", "more than a photo"),
        (picture(comment=b"<?php system($_GET[0]); ?>"), "more than a photo"),
        (picture("PNG") + b"PK\x03\x04" + b"\0" * 30 + b"PK\x05\x06" + b"\0" * 18, "more than a photo"),
        (picture() + b"%PDF-1.4", "more than a photo"),
        (picture() + b"<SVG onload=x>", "more than a photo"),
    ],
)
def test_what_is_no_photo_is_refused_in_words(data, why):
    assert why in refusal(data)


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and has next to nothing in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + chunk(b"IEND", b"")
    )


def test_what_costs_most_to_decode_may_be_less_large():
    assert "too large" in refusal(flat("JPEG", "L", 6_001, 4_000, progressive=True))
    assert "too large" in refusal(flat("WEBP", "RGB", 4_001, 3_000))


@pytest.mark.parametrize("size", [(10_000, 4_001), (30_000, 30_000), (2**31 - 1, 2**31 - 1), (40_000_001, 1)])
def test_a_bomb_is_refused_by_what_its_head_says(size):
    with pytest.raises(BadPhoto):
        plain_jpeg(BytesIO(png_of(*size)), size=1000)


def test_a_file_of_too_many_bytes_is_not_even_read():
    class Unread:
        def read(self, count: int) -> bytes:
            raise AssertionError

    with pytest.raises(BadPhoto, match="up to 12 MB"):
        plain_jpeg(Unread(), size=MOST_BYTES + 1)
    assert "up to 12 MB" in refusal(b"\xff\xd8" + b"\0" * MOST_BYTES, size=10)


MEMORY = """
import sys
from io import BytesIO
import django
from PIL import Image
form, mode, width, height = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
from portal.photos import plain_jpeg
data = sys.stdin.buffer.read()
plain_jpeg(BytesIO(data), size=len(data))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
"""


def flat(form: str, mode: str, width: int, height: int, **how) -> bytes:
    out = BytesIO()
    Image.new(mode, (width, height), 90 if mode == "L" else None).save(out, form, **how)
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "mode", "width", "height", "how"),
    [
        ("PNG", "RGBA", 8_000, 5_000, {}),
        ("PNG", "P", 8_000, 5_000, {}),
        ("JPEG", "RGB", 8_000, 5_000, {}),
        ("JPEG", "RGB", 6_000, 4_000, {"progressive": True, "subsampling": 0}),
        ("JPEG", "CMYK", 6_000, 4_000, {"progressive": True}),
        ("WEBP", "RGBA", 4_000, 3_000, {}),
    ],
)
def test_the_largest_photos_take_less_than_300_megabytes(form, mode, width, height, how):
    data = flat(form, mode, width, height, **how)
    told = [form, mode, str(width), str(height)]

    done = subprocess.run([sys.executable, "-c", MEMORY, *told], input=data, capture_output=True, check=True)

    used_mb = int(done.stdout)
    print(f"{form} {mode} {width}x{height} {how}: {used_mb} MB")
    assert used_mb < 300
