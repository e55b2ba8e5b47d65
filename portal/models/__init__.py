"""Portal's own rows: who may come in, how a merchant looks, what was sent to whom."""

from portal.models.codes import OneTimeCode
from portal.models.driving import DriverAct, ParcelScan, ShiftLink
from portal.models.feed import Feed, FeedEntry
from portal.models.hooks import WebhookDelivery, WebhookEndpoint
from portal.models.keys import ApiKey, Repeatable
from portal.models.merchants import Brand
from portal.models.messages import FormerContact, Message
from portal.models.people import AccessLink, Membership, User
from portal.models.telling import MessageRule, Silence, TellingHours
from portal.models.widget import Widget, WidgetSession

__all__ = [
    "AccessLink",
    "ApiKey",
    "Brand",
    "DriverAct",
    "Feed",
    "FeedEntry",
    "FormerContact",
    "Membership",
    "Message",
    "MessageRule",
    "OneTimeCode",
    "ParcelScan",
    "Repeatable",
    "ShiftLink",
    "Silence",
    "TellingHours",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Widget",
    "WidgetSession",
]
