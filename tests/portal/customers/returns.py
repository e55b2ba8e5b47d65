"""A customer with something at home that a van brought, and the pages by which they send it back."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.test import Client

from returns.models import Return
from scheduling import events
from scheduling.bought import OrderBought
from scheduling.models import Booking, MerchantDepot, Order
from scheduling.services.handing_over import Handover, settle_stop
from tests.factories import make_booking, make_link, make_order, plan_on, start_day
from tests.layouts import laid_out_once
from tests.portal.links import came_by

__all__ = ["OrderBought", "Sender", "delivered"]


@dataclass
class Sender:
    """Somebody who came by their manage link. `at` is the test's clock."""

    booking: Booking
    order: Order
    client: Client
    now: datetime

    @property
    def base(self) -> str:
        return f"/d/{self.booking.delivery.ref}/"

    @property
    def lines(self) -> list[Any]:
        return list(self.order.items.all())

    def page(self, address: str = "") -> str:
        return self.client.get(self.base + address).content.decode()

    def chooses(self, counts: dict[str, int] | None = None, *, version: int | None = None) -> Any:
        """Choose so many of each SKU; one coat unless said otherwise."""
        skus = {"COAT-M": 1} if counts is None else counts
        seen = version if version is not None else self.version_on("return/")
        data: dict[str, Any] = {"version": seen}
        for line in self.lines:
            if count := skus.get(line.sku):
                data |= {f"take-{line.ref}": "on", f"count-{line.ref}": count}
        return self.client.post(self.base + "return/", data)

    def version_on(self, address: str) -> int:
        found = re.search(r'name="version" value="(\d+)"', self.page(address))
        return int(found[1]) if found else 0

    def says(self, why: str, *, version: int | None = None, **values: Any) -> Any:
        """Say why of everything that is chosen; `why` is the step's address."""
        seen = version if version is not None else self.version_on(why)
        draft = Return.objects.get(ref=why.split("/")[1])
        data: dict[str, Any] = {"version": seen, **({"do": values.pop("do")} if "do" in values else {})}
        for each in draft.items.all():
            said = {"reason": "too_small", "resolution": "refund", "condition": "unopened"} | values
            data |= {f"{each.item.ref}-{name}": value for name, value in said.items()}
        return self.client.post(self.base + why, data)

    def goes_to_check(self, counts: dict[str, int] | None = None, **values: Any) -> str:
        """Walk to the last step; return its address below the delivery's."""
        method = values.pop("method", "pickup")
        why = self.chooses(counts)["Location"].removeprefix(self.base)
        how = self.says(why, **values)["Location"].removeprefix(self.base)
        sent = self.client.post(self.base + how, {"version": self.version_on(how), "method": method})
        return sent["Location"].removeprefix(self.base)

    def sends_off(self, check: str, **values: Any) -> Any:
        page = self.page(check)
        data = {name: re.search(rf'name="{name}" value="(\d+)"', page)[1] for name in ("version", "fee")}
        return self.client.post(self.base + check, data | values)

    def returns(self, counts: dict[str, int] | None = None, **values: Any) -> Return:
        """Walk the whole way."""
        sent = self.sends_off(self.goes_to_check(counts, **values))
        return Return.objects.get(ref=sent["Location"].split("/")[-2])


def delivered(outlet: MerchantDepot, at: Any, *, order: Order | None = None, **values: Any) -> Sender:
    """Have an order brought; `at` is then an hour after that."""
    order = order or make_order(outlet.merchant)
    booking, at.now = _brought(outlet, order, **values)
    return Sender(booking, order, came_by(make_link(booking)), at.now)


@laid_out_once
def _brought(outlet: MerchantDepot, order: Order, **values: Any) -> tuple[Booking, datetime]:
    """Return its booking, and an hour after it was handed over, when all was told."""
    made = make_booking(outlet, order_number=order.number, **values)
    start_day(plan_on(outlet))
    booking = Booking.objects.select_related("stop__route", "delivery").get(pk=made.pk)
    now = booking.stop.opens_at
    handover = Handover(outcome="handed_over", happened_at=now)
    settle_stop(stop_id=booking.stop_id, handover=handover, actor="shift:1", now=now)
    later = now + timedelta(hours=1)
    while events.relay(now=later):
        pass
    booking.refresh_from_db()
    return booking, later
