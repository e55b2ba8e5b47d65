"""The whole map on one page: one include per audience."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from portal.api.reference import description, reference
from portal.api.v1 import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.customers.urls")),
    path("", include("portal.accounts.urls")),
    path("", include("portal.operations.urls")),
    path("", include("portal.widget.urls")),
    path("", include("portal.merchants.urls")),
    path("", include("portal.messaging.urls")),
    path("api/v1/docs", reference, name="api-docs"),
    path("api/v1/openapi.json", description, name="api-description"),
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
]
# Who comes without an address most likely looks for their delivery.
home = RedirectView.as_view(pattern_name="customers:find")
if settings.DEMO:
    home = RedirectView.as_view(url="/demo/")
    urlpatterns += [path("demo/", include("portal.demo.urls"))]
urlpatterns += [path("", home, name="home")]

handler400 = "portal.http.bad_request"
handler403 = "portal.http.forbidden"
handler404 = "portal.http.not_found"
handler500 = "portal.http.server_error"
