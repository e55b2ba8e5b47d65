"""A shop's own pages, for its staff."""

from django.urls import path

from portal.merchants import keys

app_name = "merchants"

urlpatterns = [
    path("shop/<slug:merchant>/keys/", keys.keys, name="keys"),
    path("shop/<slug:merchant>/keys/<int:number>/replace/", keys.replace, name="replace-key"),
    path("shop/<slug:merchant>/keys/<int:number>/end/", keys.end, name="end-key"),
]
