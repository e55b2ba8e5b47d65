"""/styleguide/: every component in every state, with made-up data. No rows are read."""

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.customers.door_card import fields_of
from portal.customers.forms import DoorForm
from portal.customers.rows import (
    Change,
    Countdown,
    Day,
    DoorCard,
    Fact,
    Happened,
    Mapped,
    Pin,
    Place,
    Row,
    Sticky,
    Tag,
)
from portal.customers.theme import Shop
from portal.forms import HintedChoiceField, PlainForm, SizedForm

TOKENS = (
    ("Accent", ("accent", "accent-strong", "on-accent", "accent-soft")),
    ("Surfaces", ("paper", "card", "well", "line", "line-strong")),
    ("Ink", ("ink", "ink-2")),
    ("Meaning", ("good", "good-soft", "warn", "warn-soft", "bad", "bad-soft")),
    ("Map", ("map-land", "map-building", "map-street", "map-park", "map-water")),
)


class SampleForm(PlainForm):
    """Fields with and without hints and errors."""

    street = forms.CharField(label="Street and number", help_text="As on the doorbell.")
    email = forms.EmailField(label="E-mail")
    mobile = forms.CharField(label="Mobile", required=False, help_text="For a text when we are close.")
    size = HintedChoiceField(
        label="How big is it?",
        choices=[("bag", "A bag"), ("box", "A few boxes"), ("large", "Something large")],
        hints={
            "bag": "Up to 3 kg.",
            "box": "Up to 12 kg together.",
            "large": "Up to 40 kg; two hands won’t do.",
        },
    )


def sample_rows() -> dict[str, list[Row]]:
    """Return suggestions, and a day with a chosen and every kind of unavailable time."""
    suggestions = [
        Row(
            id="s1",
            when="Thu 26 Nov 10–12",
            offer="sample-1",
            price="€2.50",
            percent=12,
            tags=(Tag("Least driving", "good"),),
            why="We are already passing: less than 0.25 km more, instead of about 1 km. About 120 g less "
            "CO₂e than the average of the other times.",
            choice="Thu 10:00–12:00",
            price_line="€2.50, paid to Nordkaupa",
        ),
        Row(
            id="s2",
            when="Tue 24 Nov 16–18",
            offer="sample-2",
            price="€4.90",
            percent=62,
            tags=(Tag("Soonest"),),
            why="Soonest we can be there. Up to 1 km more.",
            choice="Tue 16:00–18:00",
            price_line="€4.90, paid to Nordkaupa",
        ),
        Row(
            id="s3",
            when="Fri 27 Nov 8–14",
            offer="sample-3",
            price="€0.00",
            percent=18,
            tags=(Tag("Cheapest"), Tag("Least driving", "good")),
            why="At least 3 homes near you are on this van’s way already. Less than 0.25 km more.",
            choice="Fri 8:00–14:00",
            price_line="€0.00, paid to Nordkaupa",
        ),
    ]
    day = [
        Row(id="d1", when="8:00–10:00", why="Too soon: we pack until 11:00."),
        Row(
            id="d2",
            when="10:00–12:00",
            offer="sample-1",
            price="€2.50",
            percent=12,
            why="Less than 0.25 km more.",
            chosen=True,
            choice="Thu 10:00–12:00",
            price_line="€2.50, paid to Nordkaupa",
            tags=(Tag("Little driving", "good"),),
        ),
        Row(id="d3", when="12:00–14:00", why="Taken. Vans are full then."),
        Row(
            id="d4",
            when="14:00–16:00",
            offer="sample-4",
            price="€4.50",
            percent=60,
            why="Up to 1 km more.",
            choice="Thu 14:00–16:00",
            price_line="€4.50, paid to Nordkaupa",
        ),
        Row(
            id="d5",
            when="16:00–18:00",
            offer="sample-5",
            price="€4.90",
            percent=100,
            why="Up to 2 km more.",
            choice="Thu 16:00–18:00",
            price_line="€4.90, paid to Nordkaupa",
        ),
        Row(id="d6", when="18:00–20:00", why="Closed for choosing since Wednesday 18:00."),
    ]
    return {"suggestions": suggestions, "times": day}


def sample_days() -> list[Day]:
    """Return a strip with an open day, a full one and one without vans."""
    notes = ("€4.90", "€3.90", "€2.50", "€0.00", "full", "no vans", "€2.50")
    days = [date(2026, 11, number) for number in range(24, 31)]
    return [
        Day(
            date=day,
            weekday=f"{day:%a}",
            number=day.day,
            month=f"{day:%B}",
            note=note,
            url=f"#day-{day:%Y-%m-%d}",
            open=note == "€2.50" and day.day == 26,
            has_room=note[0] == "€",
        )
        for day, note in zip(days, notes, strict=True)
    ]


def sample_parts() -> dict[str, Any]:
    """Return the smaller components' data."""
    return {
        "facts": [
            Fact("When", "Thu 26 Nov 10–12", main=True),
            Fact("Where", "Korkeavuorenkatu 21, 00100 Helsinki"),
            Fact("What", "2 parcels, 9 kg"),
            Fact("Delivery", "€2.50, charged by Nordkaupa"),
            Fact("Adds", "less than 0.25 km of driving"),
        ],
        "changes": [
            Change("Where we may leave it", "Porch, left of the door", "#sg-changes"),
            Change("Time at the door", "As long as usual", "#sg-changes"),
            Change("Pick it up instead", "Five places within 1 km", "#sg-changes"),
        ],
        "places": [
            Place(
                1,
                "Kulman kioski",
                "Iso Roobertinkatu 30, 00120 Helsinki",
                "About 350 m from your address",
                "Open today until 20:00; Fri 8:00–20:00; Sat 10:00–16:00; Sun closed",
                "Against now: the same price, about 0.5 km less driving and about 50 g CO₂e less.",
                "",
                "#sg-points",
                60.16,
                24.94,
            ),
            Place(
                2,
                "Lokero 7",
                "Albertinkatu 19, 00120 Helsinki",
                "About 500 m from your address",
                "Open all day and night",
                "",
                "Full right now.",
                "",
                60.16,
                24.93,
            ),
        ],
        "happened": [
            Happened("You chose Thu 26 Nov 10–12", "Mon 9:12"),
            Happened("You moved it from Wed 25 Nov 16–18", "Mon 10:03"),
            Happened("Two stops before you", "10:31", "now"),
            Happened("At your door", "10:40–10:55", "next"),
        ],
        "stickies": [
            Sticky(none="Pick a time", note="Then we keep it for 15 minutes", button="Keep this time"),
            Sticky("", "", "Keep this time", "Thu 26 Nov 10:00–12:00", "€2.50, paid to Nordkaupa"),
        ],
        "countdowns": [Countdown(872, "14 minutes", "9:46"), Countdown(0, "1 minute", "9:46", over=True)],
        "map": Mapped(
            Pin(None, None, "Korkeavuorenkatu 21"),
            "We come to Korkeavuorenkatu 21, 00100 Helsinki.",
            "Your pin: Korkeavuorenkatu 21.",
        ),
        "tags": [
            Tag("Soonest"),
            Tag("Least driving", "good"),
            Tag("Not confirmed yet", "warn"),
            Tag("Cancelled", "bad"),
        ],
    }


def sample_doors() -> list[DoorCard]:
    """Return the card about the door: nothing said, something said, a place missing, goods handed over."""
    missing = DoorForm({"outside": "on", "longer": "3"}, auto_id="missing_%s")
    missing.is_valid()
    signed = "These goods need a signature: somebody must be at home. We can’t leave them outside."
    usual = "We may leave it outside. Or take longer at the door."
    said = "We may leave it outside: Porch, left of the door"
    cards = (
        ("Nobody at home?", usual, "Say so", False, DoorForm(auto_id="unsaid_%s")),
        (said, "3 minutes more at the door", "Change", False, DoorForm(auto_id="said_%s")),
        ("Nobody at home?", usual, "Say so", True, missing),
        (
            "Need longer at the door?",
            signed,
            "Say so",
            True,
            DoorForm(handed_over=signed, auto_id="signed_%s"),
        ),
    )
    return [
        DoorCard(title, note, press, "#sg-door", fields_of(form), opened, id=f"door-{number}")
        for number, (title, note, press, opened, form) in enumerate(cards)
    ]


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component."""
    broken = SampleForm({"email": "aino@", "mobile": "12"}, auto_id="bad_%s")
    broken.is_valid()
    context = {
        "shop": Shop("Nordkaupa", "N", "", "", "", ""),
        "brand_note": _("Order 10482 · 2 parcels"),
        "tokens": TOKENS,
        "sized": SizedForm(prefix="sized"),
        "form": SampleForm(initial={"email": "aino@example.com", "size": "box"}),
        "broken": broken,
        "days": sample_days(),
        "doors": sample_doors(),
        **sample_rows(),
        **sample_parts(),
    }
    return render(request, "styleguide.html", context)
