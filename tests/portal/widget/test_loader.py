"""The loader: small, the same for ever under its version, and served to any page."""

import base64
import gzip
import re
from hashlib import sha384
from pathlib import Path

import pytest
from django.conf import settings

from portal.widget.loader import FOLDER, LATEST, RELEASES, source

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MOST_BYTES = 3_000


def integrity(script: bytes) -> str:
    return "sha384-" + base64.b64encode(sha384(script).digest()).decode()


@pytest.mark.parametrize("version", RELEASES)
def test_a_release_never_changes(version):
    assert integrity(source(version)) == RELEASES[version], "make a new version instead"


def test_every_file_there_is_a_release_with_its_hash():
    files = {path.stem.removeprefix("slots-") for path in FOLDER.glob("slots-*.js")}

    assert files == set(RELEASES)


def test_the_newest_is_kept_for_minutes_and_a_release_for_a_year(client):
    newest, pinned = client.get("/embed/v1/slots.js"), client.get(f"/embed/v{LATEST}/slots.js")

    assert newest["Cache-Control"] == "public, max-age=300, stale-while-revalidate=86400"
    assert "immutable" in pinned["Cache-Control"]
    assert newest.content == pinned.content == source(LATEST)
    for response in (newest, pinned):
        assert response["Access-Control-Allow-Origin"] == "*"
        assert response["Content-Type"] == "text/javascript; charset=utf-8"
        assert not response.cookies


@pytest.mark.parametrize("version", ["2", "1.0", "1.0.0.1", "1.9.9", "..%2f..%2fsettings"])
def test_what_was_never_released_is_not_there(client, version):
    assert client.get(f"/embed/v{version}/slots.js").status_code == 404


def test_it_is_less_than_3_kb(client):
    sent = client.get("/embed/v1/slots.js", headers={"Accept-Encoding": "gzip"}).content

    assert len(sent) <= MOST_BYTES
    assert gzip.decompress(sent) == source(LATEST)


def test_the_docs_name_the_hash_to_pin():
    page = (Path(settings.BASE_DIR) / "docs" / "widget.md").read_text()

    assert (
        re.search(rf'/embed/v{re.escape(LATEST)}/slots\.js"\s+integrity="([^"]+)"', page)[1]
        == RELEASES[LATEST]
    )
