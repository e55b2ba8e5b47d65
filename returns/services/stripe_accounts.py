"""Shops' keys at Stripe: kept sealed, opened where a refund is sent, shown to nobody again."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from returns.errors import BadStripeKey
from returns.models import Refund, StripeAccount
from scheduling.errors import CodeUnreadable
from scheduling.models import Merchant
from scheduling.sealing import key_of, newest_key, place_of, seal, unseal
from scheduling.services.changes import one_change

KEY: Final = re.compile(r"(rk|sk)_(live|test)_[A-Za-z0-9_]{8,240}")
SECRET: Final = re.compile(r"whsec_[A-Za-z0-9_+/=-]{8,240}")
NO_KEY: Final = "no_key"
KEY_REFUSED: Final = "key_refused"


@dataclass(frozen=True, slots=True)
class Keys:
    """What a shop has at Stripe, opened: never stored, logged or shown."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return "Keys(…)"


@one_change
def save_stripe_account(
    *, merchant: Merchant, key: str, secret: str, actor: str, now: datetime
) -> StripeAccount:
    """Keep a shop's key and webhook secret, sealed, in place of older ones; an empty one stays as it was.

    Refunds that waited for a key are sent with it. Raises BadStripeKey.
    """
    account = StripeAccount.objects.select_for_update().filter(merchant=merchant).first()
    if (key and not KEY.fullmatch(key)) or (secret and not SECRET.fullmatch(secret)):
        raise BadStripeKey
    if account is None:
        if not key:
            raise BadStripeKey
        account = StripeAccount(merchant=merchant)
    if key:
        account.sealed_key = seal(key, place=_place(merchant.pk, "sealed_key"))
        account.key_hint, account.refused_at = key[-4:], None
    if secret:
        account.sealed_secret = seal(secret, place=_place(merchant.pk, "sealed_secret"))
    account.made_at, account.made_by = now, actor
    account.save()
    return account


@one_change
def forget_stripe_account(*, merchant: Merchant) -> None:
    """Take a shop's keys away: what is to be paid back from now on waits for its staff."""
    StripeAccount.objects.filter(merchant=merchant).delete()


def keys_of(merchant_id: int) -> Keys | None:
    """Return a shop's keys, opened; None where it has none, or none that can be opened."""
    account = StripeAccount.objects.filter(merchant_id=merchant_id).first()
    if account is None:
        return None
    try:
        return Keys(
            unseal(account.sealed_key, place=_place(merchant_id, "sealed_key")),
            unseal(account.sealed_secret, place=_place(merchant_id, "sealed_secret"))
            if account.sealed_secret
            else "",
        )
    except CodeUnreadable:
        return None


def note_key_refused(merchant_id: int, *, now: datetime) -> None:
    """Remember since when Stripe does not take a shop's key."""
    StripeAccount.objects.filter(merchant_id=merchant_id, refused_at=None).update(refused_at=now)


@one_change
def reseal_keys() -> tuple[int, int]:
    """Seal every shop's keys with the newest of ours; return how many were, and how many can't be opened."""
    sealed = lost = 0
    for account in StripeAccount.objects.select_for_update().order_by("pk"):
        for column in ("sealed_key", "sealed_secret"):
            old = getattr(account, column)
            if not old or key_of(old) == newest_key():
                continue
            place = _place(account.merchant_id, column)
            try:
                setattr(account, column, seal(unseal(old, place=place), place=place))
                sealed += 1
            except CodeUnreadable:
                lost += 1
        account.save(update_fields=["sealed_key", "sealed_secret"])
    return sealed, lost


def waiting_for_a_key(merchant_id: int) -> list[Refund]:
    """Return the refunds that wait for staff only because there was no key, or none that Stripe took."""
    staffs = Refund.objects.filter(of__merchant_id=merchant_id, state=Refund.State.STAFF, stripe_id="")
    return list(staffs.filter(why__in=(NO_KEY, KEY_REFUSED), payment__isnull=False).order_by("pk"))


def _place(merchant_id: int, column: str) -> str:
    return place_of("stripe_account", str(merchant_id), column)
