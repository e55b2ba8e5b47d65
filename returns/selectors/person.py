"""What of returns is one person's."""

from django.db.models import Q, QuerySet

from returns.models import Return, Withdrawal
from scheduling.selectors.person import Person


def returns_of(person: Person) -> QuerySet[Return]:
    """Return the returns of their orders, drafts included, oldest first."""
    rows = Return.objects.filter(merchant=person.merchant, order__in=person.orders().values("pk"))
    return (
        rows.select_related("order")
        .prefetch_related("items__item", "items__photos", "refunds")
        .order_by("pk")
    )


def withdrawals_of(person: Person) -> QuerySet[Withdrawal]:
    """Return what they stated: of their orders, and with their e-mail address."""
    stated = Q(of__order__in=person.orders().values("pk"))
    if person.email:
        stated |= Q(email__iexact=person.email)
    return Withdrawal.objects.filter(stated, merchant=person.merchant).order_by("pk")
