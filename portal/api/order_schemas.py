"""What an order looks like on the wire, told and shown."""

from datetime import datetime
from typing import Annotated, Self
from urllib.parse import urlsplit

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from portal.api.hook_schemas import Instant
from portal.api.questions import Person, Question, Text, Written
from portal.api.schemas import PersonAnswer
from scheduling.bought import MOST_ITEMS, MOST_MINOR, MOST_PAYMENTS, MOST_QUANTITY
from scheduling.facts import MOST_G

Minor = Annotated[int, Field(ge=0, le=MOST_MINOR)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217, such as EUR")]


def no_slash(number: str) -> str:
    """Refuse what would not fit into the order's own address."""
    if "/" in number:
        raise ValueError("no slash, please: it would not fit into the order’s address")
    return number


def picture(address: str) -> str:
    """Refuse what a page could not show safely."""
    if address and (urlsplit(address).scheme != "https" or not urlsplit(address).hostname):
        raise ValueError("write a whole address that begins with https://")
    return address


class ItemQuestion(Question):
    """One line of what was bought."""

    sku: Annotated[Written, Field(max_length=80)]
    name: Annotated[Written, Field(max_length=200)]
    price_minor: Annotated[Minor, Field(description="of one, tax included")]
    tax_minor: Annotated[Minor, Field(description="the part of it that is tax")] = 0
    discount_minor: Annotated[Minor, Field(description="how much less than usual one cost")] = 0
    quantity: Annotated[int, Field(ge=1, le=MOST_QUANTITY)] = 1
    category: Annotated[Text, Field(max_length=120)] = ""
    tags: Annotated[list[Annotated[Written, Field(max_length=60)]], Field(max_length=20)] = []
    weight_g: Annotated[int | None, Field(ge=0, le=MOST_G, description="of one")] = None
    size: Annotated[Text, Field(max_length=60, description="as on its label")] = ""
    final_sale: Annotated[bool, Field(description="sold without a way back, where the law allows that")] = (
        False
    )
    serial_number: Annotated[Text, Field(max_length=120)] = ""
    image_url: Annotated[Text, AfterValidator(picture), Field(max_length=400)] = ""

    @model_validator(mode="after")
    def tax_is_part_of_the_price(self) -> Self:
        """Refuse more tax than price."""
        if self.tax_minor > self.price_minor:
            raise ValueError("tax_minor is a part of price_minor, never more")
        return self


class PaymentQuestion(Question):
    """What one payment captured."""

    payment_intent: Annotated[Written, Field(max_length=120)]
    captured_minor: Minor
    currency: Currency


class OrderQuestion(Question):
    """What was bought, by whom, and what was paid."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "10482",
                    "currency": "EUR",
                    "contact": {"email": "aino@example.com"},
                    "items": [{"sku": "CUP-2", "name": "Cup", "price_minor": 1290, "quantity": 2}],
                    "payments": [{"payment_intent": "pi_3P1", "captured_minor": 2580, "currency": "EUR"}],
                }
            ]
        }
    )

    number: Annotated[
        Written, AfterValidator(no_slash), Field(max_length=64, description="as its deliveries name it")
    ]
    currency: Currency
    contact: Person
    items: Annotated[list[ItemQuestion], Field(min_length=1, max_length=MOST_ITEMS)]
    payments: Annotated[list[PaymentQuestion], Field(max_length=MOST_PAYMENTS)] = []
    placed_at: Annotated[Instant | None, Field(description="when it was ordered")] = None

    @model_validator(mode="after")
    def payments_fit(self) -> Self:
        """Refuse payments in another currency, and the same one twice."""
        if any(each.currency != self.currency for each in self.payments):
            raise ValueError("payments are in the order’s own currency")
        if len({each.payment_intent for each in self.payments}) < len(self.payments):
            raise ValueError("each payment_intent once")
        return self


class ItemAnswer(Schema):
    """One line of an order."""

    ref: Annotated[str, Field(description="our name for this line")]
    sku: str
    name: str
    price_minor: Annotated[int, Field(description="of one, tax included")]
    tax_minor: int
    discount_minor: int
    quantity: int
    category: str
    tags: list[str]
    weight_g: int | None
    size: str
    final_sale: bool
    serial_number: str
    image_url: str


class PaymentAnswer(Schema):
    """What one payment captured."""

    payment_intent: str
    captured_minor: int
    currency: str


class OrderAnswer(Schema):
    """An order. One that only a delivery named has no `told_at`, no items and no contact yet."""

    number: str
    told_at: datetime | None
    placed_at: datetime | None
    currency: str
    contact: PersonAnswer | None
    items: list[ItemAnswer]
    items_minor: Annotated[int, Field(description="what the items cost together, tax included")]
    payments: list[PaymentAnswer]
    deliveries: Annotated[list[str], Field(description="references of its deliveries, joined ones too")]
    returns: Annotated[list[str], Field(description="references of its returns")]
