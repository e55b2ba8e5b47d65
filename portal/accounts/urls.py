"""Where staff come in."""

from django.urls import path

from portal.accounts import views

urlpatterns = [
    path("staff/", views.home, name="staff"),
    path("staff/login/", views.sign_in, name="sign-in"),
    path("staff/logout/", views.sign_out, name="sign-out"),
]
