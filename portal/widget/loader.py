"""The script that a shop's page includes. What was released stays as it is, byte for byte."""

from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

RELEASES: Final = {
    "1.0.0": "sha384-J/wXSrIQeS3SQ6vigcx0YLmd7hRZ6XXUgUYEeR0sM7F74jzgXOjGIf7AJ/hpKmvT",
    "1.0.1": "sha384-oA0AJm/xRDsmjMZfsrpwjIB0rKxoUzvBRKk3MDTZ+LjeSgajAjIb9FtSemIGGsVD",
}
"""Every version that can be asked for, with its integrity hash; the last is what /embed/v1/ gives."""

LATEST: Final = list(RELEASES)[-1]
FOLDER: Final = Path(settings.BASE_DIR) / "static" / "embed"
YEAR_S: Final = 365 * 24 * 3600


@require_safe
@gzip_page
def latest(request: HttpRequest) -> HttpResponse:
    """The newest loader of version 1: caches may show it for five minutes, and a day while they ask again."""
    return _script(LATEST, "public, max-age=300, stale-while-revalidate=86400")


@require_safe
@gzip_page
def release(request: HttpRequest, version: str) -> HttpResponse:
    """One release, for pages that pin it by `integrity`. It never changes."""
    if version not in RELEASES:
        raise Http404
    return _script(version, f"public, max-age={YEAR_S}, immutable")


def _script(version: str, kept: str) -> HttpResponse:
    response = HttpResponse(source(version), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = kept
    # Scripts with `crossorigin` are asked for without cookies, by any page.
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@cache
def source(version: str) -> bytes:
    """Return a release's script."""
    return (FOLDER / f"slots-{version}.js").read_bytes()
