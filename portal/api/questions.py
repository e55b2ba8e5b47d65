"""What programs send. It is strict: no unknown fields, no numbers in strings."""

from typing import Annotated, Self

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from ninja import Schema
from phonenumber_field.phonenumber import to_python
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from portal.services.keys import BadKey, origin_of
from scheduling.facts import (
    LEFT_OUTSIDE,
    MOST_EXTRA_S,
    MOST_G,
    MOST_ML,
    MOST_NOTE,
    MOST_PARCELS,
    MOST_WORTH_MINOR,
)
from scheduling.selectors.merchants import REQUIREMENTS


def plain(text: str) -> str:
    """Refuse what no database keeps and no screen shows: control characters and half characters."""
    if any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 or ord(sign) == 127 for sign in text):
        raise ValueError("no control characters, please")
    return text.strip()


def written(text: str) -> str:
    """Refuse nothing but blanks."""
    if not text:
        raise ValueError("write something")
    return text


def email(text: str) -> str:
    """Refuse what is no whole e-mail address."""
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError("write a whole e-mail address, such as aino@example.com") from None
    return text


def phone(text: str) -> str:
    """Refuse what cannot be called from anywhere."""
    if not text:
        return text
    number = to_python(text)
    if number is None or not number.is_valid() or not text.startswith("+"):
        raise ValueError("write the number with its country, such as +358401234567")
    return str(number)


def safe_place(name: str) -> str:
    """Refuse what is none of our places."""
    if name and name not in LEFT_OUTSIDE:
        raise ValueError("one of: " + ", ".join(LEFT_OUTSIDE))
    return name


def requirement(name: str) -> str:
    """Refuse what no vehicle has and nobody can check."""
    if name not in REQUIREMENTS:
        raise ValueError("one of: " + ", ".join(REQUIREMENTS))
    return name


def page_origin(text: str) -> str:
    """Refuse what is no page's origin."""
    try:
        return origin_of(text)
    except BadKey:
        raise ValueError("write the page’s origin, such as https://shop.example") from None


Text = Annotated[str, AfterValidator(plain)]
Written = Annotated[
    str,
    Field(json_schema_extra={"minLength": 1, "pattern": r"\S"}),
    AfterValidator(plain),
    AfterValidator(written),
]
Email = Annotated[
    str,
    Field(max_length=200, json_schema_extra={"format": "email"}),
    AfterValidator(plain),
    AfterValidator(email),
]
Phone = Annotated[str, Field(max_length=32), AfterValidator(plain), AfterValidator(phone)]
Requirement = Annotated[
    str, AfterValidator(requirement), Field(json_schema_extra={"enum": list(REQUIREMENTS)})
]
Origin = Annotated[str, Field(max_length=200), AfterValidator(plain), AfterValidator(page_origin)]
Locale = Annotated[str, Field(max_length=35, pattern="^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")]


class Question(Schema):
    """What we are sent."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=400)


class Where(Question):
    """An address as people write it; we look it up unless `location` says where its door is.

    A postcode alone is enough to see times that are about right.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["line"]},
                {"required": ["postcode"], "properties": {"postcode": {"minLength": 1, "pattern": r"\S"}}},
            ]
        }
    )

    line: Annotated[
        Written,
        Field(max_length=160, description="street and number; left out where only a postcode is known"),
    ] = ""
    postcode: Annotated[Text, Field(max_length=16)] = ""
    city: Annotated[Text, Field(max_length=80)] = ""
    unit: Annotated[Text, Field(max_length=60, description="flat, staircase or floor")] = ""
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "FI"

    @model_validator(mode="after")
    def something_is_known(self) -> Self:
        """Refuse what has neither a street nor a postcode."""
        if not self.line and not self.postcode:
            raise ValueError("write the street and number, or at least the postcode")
        return self


class Location(Question):
    """Degrees north and east (WGS 84)."""

    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class Load(Question):
    """How much has to fit in a van, all parcels together."""

    parcels: Annotated[int, Field(ge=1, le=MOST_PARCELS)] = 1
    grams: Annotated[int, Field(ge=0, le=MOST_G)]
    millilitres: Annotated[
        int | None, Field(ge=0, le=MOST_ML, description="6 litres a kilogram if left out")
    ] = None
    worth_minor: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_WORTH_MINOR,
            description="what the goods are worth, in minor units of your currency; 0 if left out. From "
            "your own limit on they are never left outside",
        ),
    ] = 0


class LeftOutside(Question):
    """Where it may be left when nobody opens: its customer must have said so."""

    place: Annotated[
        str,
        AfterValidator(safe_place),
        Field(json_schema_extra={"enum": list(LEFT_OUTSIDE)}),
    ]
    note: Annotated[Text, Field(max_length=MOST_NOTE)] = ""


class QuoteQuestion(Question):
    """When could we come, and what would it add?"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "address": {"line": "Fabianinkatu 21", "postcode": "00130", "city": "Helsinki"},
                    "load": {"parcels": 1, "grams": 3000},
                    "shopper": "cart-4711",
                }
            ]
        }
    )

    address: Where
    location: Annotated[
        Location | None, Field(description="where the door is; else we look the address up")
    ] = None
    load: Load
    requirements: Annotated[
        list[Requirement],
        Field(max_length=8, description="of these goods; those of all your goods count anyway"),
    ] = []
    extra_s: Annotated[
        int, Field(ge=0, le=MOST_EXTRA_S, description="longer at the door, asked for by its customer")
    ] = 0
    safe_place: LeftOutside | None = None
    shopper: Annotated[
        Text,
        Field(
            max_length=40,
            description="your own name for who asks, such as a cart’s number: prices stand for them for 30 "
            "minutes, and a time they keep takes the place of one kept before",
        ),
    ] = ""


class SessionQuestion(Question):
    """Who chooses in the widget, in which page, and what is to be delivered."""

    origin: Annotated[Origin, Field(description="of the page that shows the widget; list it first")]
    load: Load
    requirements: Annotated[list[Requirement], Field(max_length=8, description="of these goods")] = []
    address: Annotated[Where | None, Field(description="left out, the widget asks for it")] = None
    location: Annotated[
        Location | None, Field(description="where the door of `address` is; else we look it up")
    ] = None
    extra_s: Annotated[
        int, Field(ge=0, le=MOST_EXTRA_S, description="longer at the door, asked for by its customer")
    ] = 0
    safe_place: LeftOutside | None = None
    shopper: Annotated[
        Text,
        Field(
            max_length=40,
            description="your own name for who chooses, such as a cart’s number: opened again for them, the "
            "widget shows the same prices, and a new choice takes the place of the one kept before",
        ),
    ] = ""
    order_number: Annotated[Text, Field(max_length=64)] = ""
    locale: Annotated[Locale, Field(description="the language of the widget, such as en-GB")] = ""


class HoldQuestion(Question):
    """Keep this time for a while."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"offer": "the offer of a time"}]})

    offer: Annotated[str, Field(min_length=1, max_length=400)]


class Person(Question):
    """Whom we tell, and how."""

    email: Email
    name: Annotated[Text, Field(max_length=120)] = ""
    phone: Phone = ""


class DeliveryQuestion(Question):
    """Book the time that is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "hold": "the hold",
                    "order_number": "10482",
                    "contact": {"email": "aino@example.com", "phone": "+358401234567"},
                }
            ]
        }
    )

    hold: Annotated[str, Field(min_length=1, max_length=64)]
    order_number: Annotated[Written, Field(max_length=64)]
    contact: Person


class MoveQuestion(Question):
    """Move it to another time: an offer from a quote about this delivery."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"offer": "the offer of another time"}]})

    offer: Annotated[str, Field(min_length=1, max_length=400)]
