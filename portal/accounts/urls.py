"""The ways in: for customers by a link, for staff by a password."""

from django.urls import path

from portal.accounts import links, views

urlpatterns = [
    path("l/<str:token>/", links.open_link, name="open-link"),
    path("l/<str:token>", links.open_link, name="open-short-link"),
    path("l/<str:token>/<slug:to>/", links.open_link, name="open-link-to"),
    path("staff/", views.home, name="staff"),
    path("staff/login/", views.sign_in, name="sign-in"),
    path("staff/logout/", views.sign_out, name="sign-out"),
]
