"""A shop's own rules: by which ways its customers are told of what, and at which hours not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from django.db import transaction

from portal.messaging.topics import CHOSEN, Topic
from portal.models.messages import Channel
from portal.models.telling import QUIET_FROM, QUIET_UNTIL, REMINDS_AT, MessageRule, TellingHours
from scheduling.models import Merchant


@dataclass(frozen=True, slots=True)
class Hours:
    """When SMS that can wait do so (None: never), and when tomorrow's customers are reminded."""

    quiet_from: time | None = QUIET_FROM
    quiet_until: time | None = QUIET_UNTIL
    reminds_at: time = REMINDS_AT


def ways_of(merchant: Merchant) -> dict[str, list[Channel]]:
    """Return the ways of each topic that a shop decides. One query."""
    rules = {rule.topic: rule for rule in MessageRule.objects.of(merchant)}
    return {topic.name: _ways(topic, rules.get(topic.name)) for topic in CHOSEN}


def ways_for(topic: Topic, merchant: Merchant) -> list[Channel]:
    """Return by which ways a shop tells of one topic. One query, or none where nothing is to be chosen."""
    rule = MessageRule.objects.of(merchant).filter(topic=topic.name).first() if topic.chosen else None
    return _ways(topic, rule)


def _ways(topic: Topic, rule: MessageRule | None) -> list[Channel]:
    if rule is None:
        return topic.usual()
    by = {Channel.EMAIL: rule.email or topic.needed, Channel.SMS: rule.sms}
    return [channel for channel, on in by.items() if on]


def hours_of(merchant: Merchant) -> Hours:
    """Return a shop's hours, or the usual ones. One query."""
    row = TellingHours.objects.of(merchant).first()
    return Hours(row.quiet_from, row.quiet_until, row.reminds_at) if row else Hours()


@transaction.atomic
def change_telling(*, merchant: Merchant, ways: Mapping[str, list[Channel]], hours: Hours) -> None:
    """Tell a shop's customers so from now on. Mails of what is needed always go."""
    Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
    for topic in CHOSEN:
        wanted = ways.get(topic.name, [])
        by = {"email": Channel.EMAIL in wanted or topic.needed, "sms": Channel.SMS in wanted}
        MessageRule.objects.of_everybody().update_or_create(merchant=merchant, topic=topic.name, defaults=by)
    TellingHours.objects.of_everybody().update_or_create(
        merchant=merchant,
        defaults={
            "quiet_from": hours.quiet_from,
            "quiet_until": hours.quiet_until,
            "reminds_at": hours.reminds_at,
        },
    )
