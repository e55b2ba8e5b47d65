"""All that is kept about one person at one merchant: what erasing, and telling them, begins with."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet

from scheduling.models import Address, Delivery, Event, Hold, Merchant, Order, Promise, Quote

ERASED: Final = "erased"
"""What stands where a text may not be empty."""
NOBODYS: Final = (Delivery.State.DRAFT, Delivery.State.LAPSED)


@dataclass(frozen=True, slots=True)
class Person:
    """What is proven to be one person's: `deliveries` that they booked, `drafts` that they left.

    `sessions` are the keys of the sessions in which they chose. `email` is empty where no more than the one
    delivery is asked about.
    """

    merchant: Merchant
    email: str
    deliveries: tuple[Delivery, ...]
    drafts: tuple[Delivery, ...] = ()
    sessions: frozenset[str] = frozenset()

    @property
    def all(self) -> tuple[Delivery, ...]:
        """Return all deliveries, booked or not."""
        return (*self.deliveries, *self.drafts)

    def addresses(self) -> QuerySet[Address]:
        """Return where they were visited, or would have been."""
        return Address.objects.filter(deliveries__in=[each.pk for each in self.all]).distinct()

    def orders(self) -> QuerySet[Order]:
        """Return the orders that came with their deliveries, and those told with their e-mail address.

        An order with a delivery that is somebody else's is left out.
        """
        theirs = [each.pk for each in self.deliveries]
        its = Q(deliveries__in=theirs) | Q(joined_to__delivery__in=theirs)
        if self.email:
            its |= Q(contact_email__iexact=self.email)
        others = self._others()
        found = Order.objects.filter(its, merchant=self.merchant)
        return found.exclude(deliveries__in=others).exclude(joined_to__delivery__in=others).distinct()

    def quotes(self) -> QuerySet[Quote]:
        """Return what was asked for them: for their deliveries, in their sessions, and for their place.

        What led to somebody else's delivery is left out.
        """
        mine = [each.pk for each in self.all]
        of_session = Q(session_key__in=self.sessions)
        its = Q(delivery__in=mine) | Q(holds__delivery__in=mine) | Q(bookings__delivery__in=mine) | of_session
        for line, postcode in {(each.address.line, each.address.postcode) for each in self.all}:
            if line != ERASED:
                its |= Q(facts__address__line=line, facts__address__postcode=postcode)
        others = self._others()
        found = Quote.objects.filter(its, merchant=self.merchant).exclude(delivery__in=others)
        found = found.exclude(holds__delivery__in=others).exclude(bookings__delivery__in=others)
        return found.distinct()

    def _others(self) -> QuerySet[Delivery]:
        """Return what other people booked at this merchant."""
        booked = Delivery.objects.filter(merchant=self.merchant, booking__isnull=False)
        return booked.exclude(pk__in=[each.pk for each in self.deliveries])

    def holds(self) -> QuerySet[Hold]:
        """Return the times that were kept for them."""
        return Hold.objects.filter(delivery__in=[each.pk for each in self.all])

    def promises(self) -> QuerySet[Promise]:
        """Return what was promised to them."""
        return Promise.objects.filter(delivery__in=[each.pk for each in self.deliveries])

    def events(self) -> QuerySet[Event]:
        """Return what happened to their deliveries."""
        return Event.objects.filter(delivery__in=[each.pk for each in self.all])


def person_behind(delivery: Delivery, *, alone: bool = False) -> Person:
    """Return whose a delivery is: it, and the others of the merchant with its e-mail address. Four queries.

    Without an address it stands for itself: a phone number is proven by nothing. `alone`: it only.
    """
    email = Delivery.objects.values_list("contact_email", flat=True).get(pk=delivery.pk)
    its = Q(pk=delivery.pk)
    if email and not alone:
        its |= Q(contact_email__iexact=email, booking__isnull=False)
    rows = Delivery.objects.filter(merchant_id=delivery.merchant_id).select_related(
        "address",
        "merchant",
        "order",
        "booking__stop__route__shift__plan__depot",
        "booking__stop__pickup_point",
    )
    booked = tuple(rows.filter(its).order_by("pk"))
    chosen = Hold.objects.filter(delivery__in=[each.pk for each in booked])
    sessions = frozenset(chosen.values_list("session_key", flat=True))
    left = rows.filter(state__in=NOBODYS, holds__session_key__in=sessions, erased_at=None)
    drafts = tuple(each for each in left.order_by("pk").distinct() if each not in booked)
    return Person(booked[0].merchant, "" if alone else email, booked, drafts, sessions)
