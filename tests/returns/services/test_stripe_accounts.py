"""Shops' keys at Stripe: sealed for their shop, never shown, sealed anew with a newer key of ours."""

import pytest

from returns.errors import BadStripeKey
from returns.models import StripeAccount
from returns.services.stripe_accounts import keys_of, reseal_keys, save_stripe_account
from tests.factories import NOW, make_merchant
from tests.fakes.stripe_server import KEY, SECRET

pytestmark = pytest.mark.django_db


def save(merchant, key=KEY, secret=SECRET):
    return save_stripe_account(merchant=merchant, key=key, secret=secret, actor="user:1", now=NOW)


def test_a_key_is_kept_sealed_with_a_hint_of_it():
    account = save(make_merchant())

    assert KEY not in account.sealed_key
    assert SECRET not in account.sealed_secret
    assert account.key_hint == KEY[-4:]
    keys = keys_of(account.merchant_id)
    assert (keys.key, keys.secret) == (KEY, SECRET)
    assert KEY not in repr(keys)


def test_an_empty_one_stays_as_it_was():
    account = save(make_merchant())

    save(account.merchant, key="rk_test_another_one_0", secret="")

    keys = keys_of(account.merchant_id)
    assert (keys.key, keys.secret) == ("rk_test_another_one_0", SECRET)


def test_a_key_moved_to_another_shop_does_not_open():
    first, second = save(make_merchant()), save(make_merchant())

    StripeAccount.objects.filter(pk=second.pk).update(sealed_key=first.sealed_key)

    assert keys_of(second.merchant_id) is None


@pytest.mark.parametrize(
    ("key", "secret"), [("pk_test_0123456789", ""), ("", SECRET), ("rk_test_0123456789", "x")]
)
def test_what_is_no_key_is_refused(key, secret):
    with pytest.raises(BadStripeKey):
        save(make_merchant(), key=key, secret=secret)


def test_keys_are_sealed_anew_with_the_newest_of_ours(settings):
    account = save(make_merchant())
    settings.ACCESS_KEYS = [("newer", b"n" * 32), *settings.ACCESS_KEYS]

    assert reseal_keys() == (2, 0)
    assert reseal_keys() == (0, 0)

    account.refresh_from_db()
    assert account.sealed_key.split(".")[1] == "newer"
    assert keys_of(account.merchant_id).key == KEY
