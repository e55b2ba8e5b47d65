"""What is owed: pieces add up to what was captured, and never to more, in every currency of Stripe's."""

import random

import pytest

from returns.amounts import (
    Judged,
    Line,
    delivery_back,
    owed,
    paid_by_line,
    payable,
    spread,
    step,
    worth,
)
from scheduling.bought import decimals_of

EACH = ("EUR", "JPY", "KWD", "ISK")


@pytest.mark.parametrize(
    ("currency", "places", "least"),
    [("EUR", 2, 1), ("eur", 2, 1), ("JPY", 0, 1), ("KWD", 3, 10), ("ISK", 2, 100), ("UGX", 2, 100)],
)
def test_every_currency_is_counted_as_stripe_counts_it(currency, places, least):
    assert (decimals_of(currency), step(currency)) == (places, least)


def test_what_cannot_be_paid_is_rounded_down():
    assert payable(5_124, "KWD") == 5_120
    assert payable(5_199, "ISK") == 5_100
    assert payable(5_199, "EUR") == 5_199
    assert payable(-3, "EUR") == 0


def test_what_was_taken_off_an_order_is_borne_by_every_line():
    assert paid_by_line([5_000, 5_000], 8_000, "EUR") == (4_000, 4_000)
    assert paid_by_line([1_000, 1_000, 1_000], 1_000, "EUR") == (333, 333, 334)
    assert paid_by_line([5_000, 5_000], 12_000, "EUR") == (5_000, 5_000)
    assert paid_by_line([5_000], None, "EUR") == (5_000,)


def test_the_last_line_never_gets_more_than_it_cost():
    assert paid_by_line([100, 100, 100], 299, "EUR") == (99, 100, 100)


def test_the_last_piece_takes_the_rest():
    assert worth(Line(1_000, 3), 1, "EUR") == 333
    assert worth(Line(1_000, 3), 3, "EUR") == 1_000
    assert worth(Line(1_000, 3, sent=2, given_minor=666), 1, "EUR") == 334


def test_a_piece_that_took_the_rest_and_was_called_off_is_not_paid_twice():
    after = Line(1_000, 3, sent=2, given_minor=334 + 333)

    assert worth(after, 1, "EUR") == 333


@pytest.mark.parametrize("currency", EACH)
def test_pieces_in_any_order_add_up_to_what_was_captured(currency):
    dice, each = random.Random(currency), step(currency)
    for _ in range(300):
        lines = [(dice.randrange(1, 90) * each, dice.randrange(1, 5)) for _ in range(dice.randrange(1, 6))]
        prices = [price * n for price, n in lines]
        captured = dice.randrange(0, sum(prices) // each + 1) * each
        paid = paid_by_line(prices, captured, currency)
        assert sum(paid) == captured
        assert all(share <= price for share, price in zip(paid, prices, strict=True))
        for share, (_price, n) in zip(paid, lines, strict=True):
            given = sent = 0
            while sent < n:
                some = dice.randrange(1, n - sent + 1)
                given += worth(Line(share, n, sent, given), some, currency)
                sent += some
                assert given <= share
            assert payable(share, currency) == given


def test_a_part_that_is_accepted_counts_piece_by_piece():
    owes = owed([Judged(1_000, 3, 2)], fee_minor=0, delivery_minor=0, currency="EUR")

    assert (owes.items_minor, owes.money_minor) == ((666,), 666)


def test_a_deduction_and_a_fee_never_make_it_less_than_nothing():
    items = [Judged(1_000, 1, 1, deduction_minor=1_500), Judged(500, 1, 1, deduction_minor=100)]

    owes = owed(items, fee_minor=900, delivery_minor=0, currency="EUR")

    assert (owes.items_minor, owes.money_minor, owes.credit_minor) == ((0, 400), 0, 0)


def test_a_credit_is_kept_apart_and_bears_what_the_money_cannot():
    items = [Judged(1_000, 1, 1, "credit"), Judged(300, 1, 1)]

    assert owed(items, fee_minor=200, delivery_minor=0, currency="EUR").money_minor == 100
    assert owed(items, fee_minor=400, delivery_minor=0, currency="EUR").credit_minor == 900


def test_an_exchange_gives_back_the_difference_only():
    even = Judged(1_000, 1, 1, "exchange")
    cheaper = Judged(1_000, 1, 1, "exchange", exchange_minor=700)
    dearer = Judged(1_000, 1, 1, "replacement", exchange_minor=1_700)

    owes = owed([even, cheaper, dearer], fee_minor=0, delivery_minor=0, currency="EUR")

    assert owes.items_minor == (0, 300, 0)


def test_what_was_rejected_gives_back_nothing():
    assert owed([Judged(1_000, 2, 0)], fee_minor=0, delivery_minor=0, currency="EUR").money_minor == 0


def test_several_payments_give_back_part_by_part():
    assert spread(700, [500, 100, 400]) == ((500, 100, 100), 0)
    assert spread(700, [500, -3]) == ((500, 0), 200)


def test_delivery_is_given_back_as_the_cheapest_one_cost():
    assert delivery_back(900, 400) == 400
    assert delivery_back(300, 400) == 300
    assert delivery_back(300, None) == 300
