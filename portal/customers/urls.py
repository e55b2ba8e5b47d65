"""What a shopper sees."""

from django.urls import path

from portal.customers import styleguide, theme

app_name = "customers"
urlpatterns = [
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("theme/<slug:merchant>.<slug:digest>.css", theme.theme, name="theme"),
]
