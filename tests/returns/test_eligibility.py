"""The rules: which decides, until when, for what, and in which words."""

from datetime import date, timedelta

import pytest

from returns.eligibility import (
    LASTING,
    USUAL,
    Case,
    Holiday,
    Policy,
    could_decide,
    judge,
)

TODAY = date(2026, 11, 27)


def a_case(**values):
    usual = {
        "sku": "CUP",
        "price_minor": 1290,
        "today": TODAY,
        "ordered": TODAY - timedelta(days=9),
        "delivered": TODAY - timedelta(days=5),
    }
    return Case(**(usual | values))


def rule(name="Everything", **values):
    return Policy(name=name, **values)


def test_the_first_rule_that_fits_decides_and_is_named():
    policies = [
        rule("Kitchen", categories=("kitchen",), days=10),
        rule("Cups", skus=("CUP",), days=60),
        rule(),
    ]

    verdict = judge(policies, a_case(category="kitchen"))

    assert (verdict.rule, verdict.until) == ("Kitchen", TODAY + timedelta(days=5))
    assert verdict.sentence == "“Kitchen”: you can send it back until 2 December 2026."
    assert judge(policies, a_case()).rule == "Cups"


def test_where_no_rule_fits_nothing_comes_back():
    verdict = judge([rule("Coats", tags=("coat",))], a_case())

    assert (verdict.allowed, verdict.rule) == (False, "")


@pytest.mark.parametrize(
    ("asks", "fits", "fits_not"),
    [
        ({"skus": ("CUP",)}, {}, {"sku": "COAT"}),
        ({"categories": ("kitchen",)}, {"category": "kitchen"}, {"category": "Kitchen"}),
        ({"tags": ("sale", "old")}, {"tags": ("new", "sale")}, {"tags": ("new",)}),
        ({"countries": ("FI", "SE")}, {"country": "SE"}, {"country": "DE"}),
        ({"countries": ("FI",)}, {"country": "FI"}, {"country": ""}),
        ({"value_from_minor": 1290}, {}, {"price_minor": 1289}),
        ({"value_below_minor": 1291}, {}, {"price_minor": 1291}),
        ({"value_from_minor": 1}, {}, {"currency": "SEK"}),
        ({"discount_from_percent": 30}, {"discount_minor": 553}, {"discount_minor": 552}),
        ({"discount_from_percent": 1}, {"discount_minor": 20}, {"price_minor": 0}),
        ({"returns_from": 3}, {"returns": 3}, {"returns": 2}),
        ({"returns_from": 1}, {"returns": 1}, {"returns": None}),
    ],
)
def test_a_rule_asks_of_what_is_bought_to_where_for_how_much_and_by_whom(asks, fits, fits_not):
    policies = [rule(**asks)]

    assert judge(policies, a_case(**fits)).allowed
    assert judge(policies, a_case(**fits_not)).rule == ""


def test_the_last_day_is_a_day_on_which_it_may_still_be_announced():
    policies = [rule(days=5)]

    assert judge(policies, a_case()).allowed
    late = judge(policies, a_case(today=TODAY + timedelta(days=1)))
    assert late.sentence == "“Everything”: the time for sending it back ended on 27 November 2026."


@pytest.mark.parametrize(
    ("starts", "known", "until"),
    [
        ("delivery", {}, TODAY - timedelta(days=5)),
        ("order", {}, TODAY - timedelta(days=9)),
        # Nobody told when it came: as late as the law lets it come.
        ("delivery", {"delivered": None}, TODAY + timedelta(days=21)),
        ("order", {"ordered": None}, TODAY - timedelta(days=5)),
    ],
)
def test_the_period_starts_with_the_delivery_or_the_order(starts, known, until):
    verdict = judge([rule(starts=starts, days=14)], a_case(**known))

    assert verdict.until == until + timedelta(days=14)


def test_without_any_day_there_is_no_last_one():
    verdict = judge([USUAL], a_case(ordered=None, delivered=None))

    assert (verdict.allowed, verdict.until, verdict.sentence) == (True, None, "You can send it back.")


def test_what_has_not_come_does_not_go_back():
    verdict = judge([rule(fault_days=730)], a_case(delivered=None, on_its_way=True, reason="damaged"))

    assert verdict.sentence == "“Everything”: it has not come to you yet."


@pytest.mark.parametrize(
    ("ordered", "until"),
    [
        (date(2026, 11, 14), date(2026, 12, 14)),
        (date(2026, 11, 15), date(2027, 1, 31)),
        (date(2026, 12, 31), date(2027, 1, 31)),
        (date(2027, 1, 2), date(2027, 2, 1)),
        (date(2027, 1, 3), date(2027, 2, 2)),
    ],
)
def test_a_holiday_gives_longer_over_new_year_and_never_less(ordered, until):
    holiday = Holiday((11, 15), (1, 2), (1, 31))
    case = a_case(ordered=ordered, delivered=ordered, today=ordered)

    assert judge([rule(holidays=(holiday,))], case).until == until


def test_a_condition_is_asked_of_what_is_not_at_fault():
    policies = [rule(conditions=("unopened",), fault_days=730)]

    assert judge(policies, a_case(condition="unopened")).allowed
    used = judge(policies, a_case(condition="used", reason="changed_mind"))
    assert used.sentence == "“Everything”: it does not come back in this condition."
    assert judge(policies, a_case(condition="used", reason="faulty")).conditions == ()
    assert judge(policies, a_case()).conditions == ("unopened",)


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ({"final_sale": True}, "“Everything”: it was sold without a way back."),
        (
            {"pieces": 3, "reason": "changed_mind"},
            "“Everything”: no more than 2 things of an order come back.",
        ),
        ({"reason": "other"}, "“Everything”: it does not come back for this reason."),
    ],
)
def test_what_a_rule_does_not_take_back(case, sentence):
    policies = [rule(per_order_most=2, reasons=("changed_mind", "faulty"))]

    refused = judge(policies, a_case(**case))

    assert not refused.allowed
    assert refused.sentence == sentence


@pytest.mark.parametrize("reason", sorted(LASTING))
def test_goods_at_fault_come_back_for_longer_whatever_else_a_rule_says(reason):
    policies = [rule(accepts=False, fault_days=730, conditions=("unopened",), per_order_most=1)]
    case = a_case(today=TODAY + timedelta(days=400), final_sale=True, pieces=9, condition="used")

    assert judge(policies, case).allowed
    verdict = judge(policies, a_case(today=TODAY + timedelta(days=400), final_sale=True, reason=reason))
    assert (verdict.allowed, verdict.reasons) == (True, (reason,))
    assert not judge(policies, a_case(reason="late")).allowed


def test_before_a_reason_is_said_it_names_those_that_remain():
    verdict = judge([rule(days=3, fault_days=730)], a_case())

    assert set(verdict.reasons) == LASTING
    assert verdict.sentence == (
        "“Everything”: you can send it back until 21 November 2028 if something is wrong with it."
    )


def test_a_fee_is_the_customers_only_where_nothing_is_the_shops_fault():
    policies = [rule(fees_minor={"pickup": 490, "dropoff": 0})]

    assert judge(policies, a_case(reason="changed_mind")).fees_minor == {"pickup": 490}
    assert judge(policies, a_case(reason="late")).fees_minor == {}
    assert judge(policies, a_case(currency="SEK")).fees_minor == {}


def test_a_photo_is_asked_for_the_reasons_that_need_one():
    policies = [rule(photo_for=("damaged",))]

    assert judge(policies, a_case(reason="damaged")).needs_photo
    assert not judge(policies, a_case(reason="faulty")).needs_photo
    assert not judge(policies, a_case()).needs_photo


def test_who_looks_before_buying_reads_every_rule_that_may_decide():
    often, abroad, rest, never = (
        rule("Often", returns_from=5),
        rule("Abroad", countries=("SE",)),
        rule("Rest"),
        rule("Never"),
    )
    unknown = a_case(country="", returns=None)

    assert could_decide([often, abroad, rest, never], unknown) == [often, abroad, rest]
    assert could_decide([often, abroad, rest, never], a_case(country="FI", returns=None)) == [often, rest]
