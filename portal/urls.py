"""The whole map on one page: one include per audience."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

AUDIENCES = {
    "": ("portal.accounts.urls", "portal.operations.urls", "portal.customers.urls"),
}


def built(prefix: str, module: str) -> list[URLPattern | URLResolver]:
    """Return an include of `module` where it exists."""
    try:
        found = find_spec(module)
    except ModuleNotFoundError:
        found = None
    return [path(prefix, include(module))] if found else []


urlpatterns: list[URLPattern | URLResolver] = [path("admin/", admin.site.urls)]
for prefix, modules in AUDIENCES.items():
    for module in modules:
        urlpatterns += built(prefix, module)
if settings.DEMO:
    urlpatterns += [path("demo/", include("portal.demo.urls"))]

handler400 = "portal.http.bad_request"
handler403 = "portal.http.forbidden"
handler404 = "portal.http.not_found"
handler500 = "portal.http.server_error"
