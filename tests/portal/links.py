"""Somebody who came by a link."""

from django.test import Client

from portal.access import token_of
from portal.models import AccessLink


def came_by(link: AccessLink) -> Client:
    """A browser that swapped a link's token for its cookie."""
    client = Client()
    client.get(f"/l/{token_of(link)}/")
    return client
