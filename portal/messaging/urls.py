"""What comes back from where SMS leave."""

from django.urls import path

from portal.messaging import answers

app_name = "messaging"
urlpatterns = [
    path("sms/inbound/", answers.inbound, name="inbound"),
    path("sms/<int:sent>/status/", answers.status, name="status"),
]
"""Signed by Twilio; nobody else is answered."""
