"""Rules for returns by fields: opened, kept, moved and removed in a draft that travels with its page."""

import json
import re
from html import unescape

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from portal.merchants.return_rule_edits import changed, place_of
from portal.merchants.return_rule_form import RuleForm, initial_of
from portal.models.people import Role
from returns.errors import BadRules
from returns.models import PolicyVersion
from returns.rules import policies_from, written
from scheduling import clock
from tests.factories import NOW, make_membership, make_merchant

pytestmark = [pytest.mark.django_db, pytest.mark.once]

RULES = [
    {"name": "Kitchen", "categories": ["kitchen"], "days": 14, "fees_minor": {"pickup": 490}},
    {"name": "Sale", "discount_from_percent": 30, "accepts": False},
    {"name": "The rest", "fault_days": 730},
]
FULL = {
    "name": "All of it",
    "days": 45,
    "categories": ["a", "b, c"],
    "skus": ["CUP"],
    "tags": ["x"],
    "countries": ["FI", "SE"],
    "value_from_minor": 1000,
    "value_below_minor": 99999,
    "discount_from_percent": 10,
    "returns_from": 3,
    "starts": "order",
    "fault_days": 730,
    "holidays": [{"from": "11-15", "to": "12-24", "until": "01-31"}],
    "conditions": ["unopened"],
    "reasons": ["too_small", "damaged"],
    "per_order_most": 4,
    "resolutions": ["refund", "keep"],
    "methods": ["pickup"],
    "fees_minor": {"pickup": 495},
    "photo_for": ["damaged"],
}


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def shop():
    return make_merchant()


@pytest.fixture
def send(shop):
    """A manager's press: `send(act, value, rules, **fields of the rule)`."""
    client = Client()
    client.force_login(make_membership(merchant=shop, role=Role.MANAGER).user)

    def press(act, value, rules=RULES, **fields):
        text = rules if isinstance(rules, str) else json.dumps(rules)
        form = {"rules": text, "seen": "0", "order": "", act: value}
        return client.post(
            f"/shop/{shop.slug}/returns/rules/",
            form | {f"rule-{name}": said for name, said in fields.items()},
        )

    return press


def draft_in(answer) -> list[dict]:
    text = re.search(r'<textarea name="rules"[^>]*>(.*?)</textarea>', answer.content.decode(), re.DOTALL)
    return json.loads(unescape(text[1]))


def filled(rule: dict) -> dict:
    """What a browser would send of a rule's fields as they are shown."""
    [policy] = policies_from([rule])
    return {name: value for name, value in initial_of(policy).items() if value is not None}


def test_a_rules_fields_show_what_it_says_and_give_it_back():
    form = RuleForm({f"rule-{k}": v for k, v in filled(FULL).items()}, prefix="rule", currency="EUR")

    assert form.is_valid(), form.errors
    assert form.cleaned_data["rule"] == written(policies_from([FULL]))[0]
    assert form.cleaned_data["rule"]["fees_minor"] == {"pickup": 495}


@pytest.mark.parametrize(("currency", "shown"), [("EUR", "10.00"), ("JPY", "1000"), ("KWD", "1.000")])
def test_amounts_have_their_currencys_decimals(currency, shown):
    [policy] = policies_from([FULL], currency=currency)
    said = {f"rule-{k}": v for k, v in initial_of(policy).items() if v is not None}
    form = RuleForm(said, prefix="rule", currency=currency)

    assert str(said["rule-value_from"]) == shown
    assert form.is_valid(), form.errors
    assert form.cleaned_data["rule"]["value_from_minor"] == 1000


def test_a_rule_is_opened_changed_and_nothing_counts_yet(send):
    opened = send("edit", "0")
    assert 'value="Kitchen"' in opened.content.decode()
    assert draft_in(opened) == RULES

    kept = send("keep", "0", **filled(RULES[0] | {"days": 21}))

    assert draft_in(kept) == [RULES[0] | {"days": 21}, *RULES[1:]]
    assert "Changed on this page only" in kept.content.decode()
    assert not PolicyVersion.objects.exists()


def test_a_new_rule_comes_before_what_takes_everything(send):
    assert "A new rule" in send("edit", "new").content.decode()

    kept = send("keep", "new", **filled({"name": "Toys", "categories": ["toys"]}))

    assert [rule["name"] for rule in draft_in(kept)] == ["Kitchen", "Sale", "Toys", "The rest"]


def test_the_first_rule_of_all_is_added_to_none(send):
    kept = send("keep", "new", [], **filled({"name": "All"}))

    assert draft_in(kept) == [{"name": "All"}]


def test_rules_change_places_and_go(send):
    assert [rule["name"] for rule in draft_in(send("down", "0"))] == ["Sale", "Kitchen", "The rest"]
    assert [rule["name"] for rule in draft_in(send("remove", "1"))] == ["Kitchen", "The rest"]


def test_what_would_never_come_up_is_not_moved_and_said(send):
    answer = send("up", "2")

    assert answer.status_code == 409
    assert "This never comes up" in answer.content.decode()
    assert draft_in(answer) == RULES


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "Give the rule a name"),
        ({"countries": "finland"}, "two capital letters"),
        ({"holidays": "soon"}, "Write from, to and until"),
        ({"holidays": "13-01 12-24 01-31"}, "month and day"),
        ({"days": "many"}, "whole number"),
        ({"value_from": "10", "value_below": "5"}, "more than where the value begins"),
        ({"resolutions": []}, "Choose at least one thing that customers get."),
        ({"methods": ["dropoff"], "fee_pickup": "4.90"}, "No fee for what is not offered"),
        ({"categories": "a\na"}, "Write each once."),
        ({"name": "Sale"}, "Another rule has this name."),
        ({"fee_pickup": "99999999999"}, "less than or equal to"),
        ({"conditions": ["eaten"]}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_stands_at_its_rule_and_nothing_is_lost(send, wrong, says):
    answer = send("keep", "0", **(filled(RULES[0]) | wrong))

    assert answer.status_code in (409, 422)
    assert says in unescape(answer.content.decode())
    assert draft_in(answer) == RULES


@pytest.mark.parametrize("at", ["", "3", "-1", "99999999", "x", "\x00", "²"])
@pytest.mark.parametrize("act", ["edit", "keep", "up", "remove"])
def test_a_rule_that_is_not_there_changes_nothing(send, act, at):
    answer = send(act, at, **(filled(RULES[0]) if act == "keep" else {}))

    assert answer.status_code == 200
    assert draft_in(answer) == RULES


def test_leaving_a_rule_keeps_the_draft(send):
    assert draft_in(send("leave", "1", **filled(FULL))) == RULES


@given(st.lists(st.tuples(st.sampled_from(["up", "down", "remove"]), st.integers(0, 3)), max_size=8))
def test_whatever_is_moved_each_rule_is_there_once_and_the_set_can_be_published(moves):
    draft = policies_from(RULES)
    for act, place in moves:
        before = {rule.name for rule in draft}
        try:
            after = changed(draft, act, str(place), currency="EUR")
        except BadRules:
            continue
        gone = before - {rule.name for rule in after}
        assert len(gone) == (act == "remove" and place < len(draft))
        assert policies_from(written(after)) == after
        draft = after
    assert place_of("new", draft) in range(len(draft) + 1)
