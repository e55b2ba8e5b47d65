"""What a return looks like on the wire, asked for and shown."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field

from portal.api.questions import Question, Text, Written
from returns.reasons import CONDITIONS, DISPOSITIONS, EXCEPTIONS, GRADES, METHODS, REASONS, RESOLUTIONS
from scheduling.bought import MOST_ITEMS, MOST_MINOR, MOST_QUANTITY


def one_of(words: Iterable[str]) -> str:
    """Return the pattern of these words and no others."""
    return f"^({'|'.join(words)})$"


class ReturnItemQuestion(Question):
    """Some of one line of the order."""

    line: Annotated[Written, Field(max_length=16, description="the item’s `ref`, as the order shows it")]
    quantity: Annotated[int, Field(ge=1, le=MOST_QUANTITY)] = 1
    reason: Annotated[str, Field(pattern=one_of(REASONS))] = "other"
    photos: Annotated[int, Field(ge=0, le=4, description="how many your customer sent you of it")] = 0
    resolution: Annotated[str, Field(pattern=one_of(RESOLUTIONS))] = "refund"
    condition: Annotated[str, Field(pattern=one_of(("", *CONDITIONS)))] = ""
    comment: Annotated[Text, Field(max_length=400)] = ""
    wanted_sku: Annotated[Text, Field(max_length=80, description="the variant wanted in exchange")] = ""


class ReturnQuestion(Question):
    """What is to come back of one order, and how it travels."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order_number": "10482",
                    "items": [{"line": "7K2MQ9XA0000", "quantity": 1, "reason": "changed_mind"}],
                    "method": "dropoff",
                }
            ]
        }
    )

    order_number: Annotated[Written, Field(max_length=64)]
    items: Annotated[list[ReturnItemQuestion], Field(min_length=1, max_length=MOST_ITEMS)]
    method: Annotated[str, Field(pattern=one_of(METHODS))] = "pickup"
    delivery: Annotated[
        str, Field(pattern="^[0-9A-Z]{0,16}$", description="the delivery that brought it, if several did")
    ] = ""


class PickupQuestion(Question):
    """When it is picked up."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"offer": "eyJ2IjoxfQ.c2lnbmF0dXJl"}]})

    offer: Annotated[
        Written, Field(max_length=2000, description="one of the offers of `/returns/{ref}/quotes`")
    ]


class FindingQuestion(Question):
    """What was found of one line."""

    line: Annotated[Written, Field(max_length=16, description="the item’s `ref`, as the return shows it")]
    received: Annotated[int, Field(ge=0, le=MOST_QUANTITY, description="how many were in the parcel")]
    accepted: Annotated[int, Field(ge=0, le=MOST_QUANTITY, description="how many of them count")]
    grade: Annotated[str, Field(pattern=one_of(("", *GRADES)))] = ""
    disposition: Annotated[str, Field(pattern=one_of(("", *DISPOSITIONS)))] = ""
    exception: Annotated[str, Field(pattern=one_of(("", *EXCEPTIONS)))] = ""
    deduction_minor: Annotated[int, Field(ge=0, le=MOST_MINOR, description="taken off what is paid back")] = 0
    deduction_reason: Annotated[Text, Field(max_length=200, description="its customer reads it")] = ""


class InspectionQuestion(Question):
    """What was found of everything in a return."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "line": "7K2MQ9XA0000",
                            "received": 1,
                            "accepted": 1,
                            "grade": "as_new",
                            "disposition": "stock",
                        }
                    ]
                }
            ]
        }
    )

    items: Annotated[list[FindingQuestion], Field(min_length=1, max_length=MOST_ITEMS)]


class ReturnedItem(Schema):
    """One line of what comes back. Numbers are null until somebody counted."""

    line: Annotated[str, Field(description="the item’s `ref` in its order")]
    sku: str
    quantity: int
    reason: str
    resolution: str
    condition: str
    wanted_sku: str
    rule: Annotated[str, Field(description="the rule of yours that let it come back")]
    value_minor: Annotated[int, Field(description="what its customer paid for all of it")]
    collected: int | None
    elsewhere: Annotated[
        int, Field(description="of `quantity`: not taken, and asked for in another return since")
    ]
    received: int | None
    accepted: int | None
    rejected: int | None
    grade: str
    disposition: str
    deduction_minor: int
    refund_minor: Annotated[int | None, Field(description="what of it is given back; null: not decided")]


class RefundAnswer(Schema):
    """One part of the money that goes back."""

    id: Annotated[str, Field(description="its id here, and its idempotency key at Stripe")]
    payment_intent: Annotated[str | None, Field(description="null: somebody of yours pays it by hand")]
    amount_minor: int
    currency: str
    state: str


class ReturnAnswer(Schema):
    """A return: where its parcel is, what inspection found, what became of the money."""

    ref: str
    kind: str
    order_number: str
    delivery: Annotated[str | None, Field(description="what brought it")]
    parcel: str
    inspection: str
    money: str
    method: str
    fee_minor: int
    currency: str
    pickup: Annotated[
        str | None, Field(description="the delivery that fetches it; `/deliveries/{ref}` shows it")
    ]
    swap: Annotated[str | None, Field(description="the delivery that brings what is given for it")]
    items: list[ReturnedItem]
    refunds: list[RefundAnswer]
    requested_at: datetime | None
    collected_at: datetime | None
    received_at: datetime | None
    inspected_at: datetime | None
    settled_at: datetime | None
    closed_at: datetime | None
    refund_due_at: Annotated[datetime | None, Field(description="by when the law wants the money back")]
