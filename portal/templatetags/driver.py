"""What every form of a driver's sheet carries, so that each act is told apart and taken once."""

from typing import Any

from django import template

from portal.operations.driver_words import fresh_uid

register = template.Library()


@register.inclusion_tag("operations/driver/_hidden.html", takes_context=True)
def act_fields(context: Any, link: Any, kind: str, route: Any, card: Any = None) -> dict[str, Any]:
    """Return an act's hidden fields: its own name, the shift, and what it is about."""
    token = context.get("csrf_token")
    return {"link": link, "kind": kind, "route": route, "card": card, "uid": fresh_uid(), "csrf_token": token}
