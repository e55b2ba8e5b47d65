"""Rules as they are written: read strictly, told at each field, written as they were read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns.eligibility import Holiday, Policy
from returns.errors import BadRules
from returns.rules import READERS, policies_from, written


def errors_of(rules):
    with pytest.raises(BadRules) as refused:
        policies_from(rules)
    return refused.value.errors


def test_rules_are_read_with_what_is_usual_where_nothing_is_said():
    rules = [
        {
            "name": " Party  dresses ",
            "categories": ["dresses"],
            "days": 14,
            "fault_days": 730,
            "holidays": [{"from": "11-15", "to": "01-02", "until": "01-31"}],
            "fees_minor": {"pickup": 490},
        },
        {"name": "Everything else"},
    ]

    party, rest = policies_from(rules, currency="SEK")

    assert party == Policy(
        name="Party dresses",
        categories=("dresses",),
        days=14,
        fault_days=730,
        holidays=(Holiday((11, 15), (1, 2), (1, 31)),),
        fees_minor={"pickup": 490},
        currency="SEK",
    )
    assert rest == Policy(name="Everything else", currency="SEK")
    assert policies_from(written((party, rest)), currency="SEK") == (party, rest)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "Usual"),
        ("name", "x" * 81),
        ("name", "a\0b"),
        ("days", -1),
        ("days", True),
        ("days", "30"),
        ("days", 1.0),
        ("days", None),
        ("categories", "kitchen"),
        ("categories", ["kitchen", "kitchen"]),
        ("categories", [1]),
        ("skus", ["x"] * 201),
        ("tags", [[]]),
        ("countries", ["fi"]),
        ("countries", ["FIN"]),
        ("value_from_minor", -1),
        ("discount_from_percent", 101),
        ("returns_from", 0),
        ("accepts", 1),
        ("starts", "payment"),
        ("fault_days", 29),
        ("holidays", [{"from": "02-29", "to": "03-01", "until": "04-01"}]),
        ("holidays", [{"from": "W01-1", "to": "03-01", "until": "04-01"}]),
        ("holidays", [{"from": "01-01"}]),
        ("holidays", ["Christmas"]),
        ("conditions", ["new"]),
        ("reasons", ["because"]),
        ("per_order_most", 0),
        ("resolutions", []),
        ("resolutions", ["money"]),
        ("methods", []),
        ("methods", ["none"]),
        ("fees_minor", {"drone": 1}),
        ("fees_minor", {"pickup": -1}),
        ("fees_minor", [490]),
        ("photo_for", [None]),
        ("day", 30),
    ],
)
def test_what_is_wrong_is_told_at_its_field(field, value):
    assert set(errors_of([{"name": "Rule", field: value}])) == {f"rules.0.{field}"}


@pytest.mark.parametrize(
    ("rules", "at"),
    [
        ({}, "rules"),
        (None, "rules"),
        ([{"name": "x"}] * 51, "rules"),
        (["x"], "rules.0"),
        ([{}], "rules.0.name"),
        ([{"name": "A", "skus": ["x"]}, {"name": "a"}], "rules.1.name"),
        ([{"name": "A"}, {"name": "B", "skus": ["x"]}], "rules.1.name"),
        ([{"name": "A", "value_from_minor": 10, "value_below_minor": 10}], "rules.0.value_below_minor"),
        ([{"name": "A", "methods": ["dropoff"], "fees_minor": {"pickup": 1}}], "rules.0.fees_minor"),
    ],
)
def test_what_does_not_go_together_is_told_too(rules, at):
    assert set(errors_of(rules)) == {at}


def test_all_errors_are_told_at_once():
    assert set(errors_of([{"name": "A", "days": -1, "x": 1}, {"days": 3}])) == {
        "rules.0.days",
        "rules.0.x",
        "rules.1.name",
    }


def test_what_never_comes_back_needs_no_way():
    (policy,) = policies_from([{"name": "Food", "accepts": False, "methods": [], "resolutions": []}])

    assert (policy.accepts, policy.methods) == (False, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(sorted(READERS)), JSON, max_size=5), max_size=3) | JSON)
def test_whatever_is_sent_is_read_or_refused_at_its_fields(rules):
    try:
        policies, errors = policies_from(rules), {}
    except BadRules as refused:
        policies, errors = (), refused.errors

    assert policies_from(written(policies)) == policies
    assert all(at.startswith("rules") and said for at, said in errors.items())
