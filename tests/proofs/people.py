"""The inside of `pages`: who may see what in the demo's town, and every address with its values."""

from typing import Any

from django.urls import get_resolver


def lay_out() -> dict[str, Any]:
    """Return who may see what, staff and a customer, and all routes with the values of their rows."""
    from portal.access import FOLLOW, MANAGE, issue_link, token_of
    from portal.models.keys import KeyKind, Scope
    from portal.models.people import Role
    from portal.services.hooks import create_endpoint
    from portal.services.keys import issue_key
    from portal.services.shift_links import hand_out
    from portal.shift_links import pin_of
    from portal.shift_links import token_of as shift_token_of
    from scheduling import clock
    from scheduling.models import Delivery
    from tests.factories import PASSWORD, make_membership, make_user
    from tests.proofs.strangers import all_routes

    now = clock.now()
    booked = Delivery.objects.filter(state="confirmed").order_by("pk")
    # Of a shop whose goods may be left outside: else there would be no place to name.
    delivery = next(one for one in booked if not one.merchant.requirements)
    shop, plan = delivery.merchant, delivery.booking.stop.route.shift.plan
    user = make_user()
    make_membership(user, Role.MANAGER, depot=plan.depot)
    make_membership(user, Role.MANAGER, merchant=shop)
    kind, scopes = KeyKind.SECRET, Scope.values
    key = issue_key(merchant=shop, kind=kind, name="Till", scopes=scopes, actor="proof", now=now)[0]
    endpoint = create_endpoint(merchant=shop, url="https://shop.example/hooks", actor="proof", now=now)
    values = {
        "id": endpoint.pk.hex,
        "pk": str(endpoint.pk),
        "merchant": shop.slug,
        "depot": plan.depot.slug,
        "ref": delivery.ref,
        "number": str(key.pk),
        "day": plan.service_date.isoformat(),
        "key": str(plan.shifts.first().routes.first().pk),
        "route": str(delivery.booking.stop.route_id),
        "stop": str(delivery.booking.stop_id),
        "shift": str(delivery.booking.stop.route.shift_id),
        "act": "start",
    }
    driver = hand_out(shift=delivery.booking.stop.route.shift, now=now)
    links = {kind: token_of(issue_link(delivery=delivery, kind=kind, now=now)) for kind in (MANAGE, FOLLOW)}
    found = {route.path: route.name for route in all_routes(get_resolver().url_patterns, values)}
    return {
        "who": [
            {"link": f"/l/{links[MANAGE]}/"},
            {"link": f"/l/{links[FOLLOW]}/"},
            {"email": user.email, "password": PASSWORD},
            {"link": f"/l/{shift_token_of(driver)}/", "pin": pin_of(driver)},
        ],
        "routes": [(name, path) for path, name in found.items()],
        "shop": f"/s/{shop.slug}/",
    }
