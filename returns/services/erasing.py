"""A person is taken out of their returns; what was sent back, decided and paid stays, nobody's."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import Model, Q

from returns.models import Refund, Return, ReturnItem, ReturnPhoto, Withdrawal
from scheduling.models import Merchant
from scheduling.selectors.person import ERASED
from scheduling.services.files import remove_later

BLANK: Final[Mapping[type[Model], Mapping[str, Any]]] = {
    Return: {"contact_name": "", "contact_email": "", "contact_phone": ""},
    ReturnItem: {"comment": "", "wanted_sku": ""},
    Withdrawal: {"name": "", "email": "", "content": "", "order_number": "", "answer": ""},
}
"""What stands in a person's rows afterwards."""
REWRITTEN: Final[Mapping[type[Model], frozenset[str]]] = {
    Refund: frozenset({"why"}),
    ReturnItem: frozenset({"deduction_reason"}),
}
"""Columns of which a part stays."""
DROPPED: Final = (ReturnPhoto,)
"""Of these a person's rows go altogether."""


def take_out(merchant: Merchant, *, orders: Collection[int], email: str, now: datetime) -> None:
    """Take whoever bought these orders out of their returns, in the caller's transaction. Twice is once."""
    theirs = Return.objects.filter(merchant=merchant, order__in=orders)
    photos = ReturnPhoto.objects.filter(of__of__in=theirs)
    remove_later(list(photos.values_list("file", flat=True)), now=now)
    photos.delete()
    items = ReturnItem.objects.filter(of__in=theirs)
    items.exclude(deduction_reason="").update(deduction_reason=ERASED)
    Refund.objects.filter(of__in=theirs, state=Refund.State.BY_HAND).update(why=ERASED)
    items.update(**BLANK[ReturnItem])
    stated = Q(of__in=theirs)
    if email:
        stated |= Q(email__iexact=email)
    rows = Withdrawal.objects.filter(stated, merchant=merchant, erased_at=None)
    rows.update(**BLANK[Withdrawal], erased_at=now)
    theirs.filter(erased_at=None).update(**BLANK[Return], erased_at=now)
