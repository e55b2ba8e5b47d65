"""What was begun and never sent grows old; what is sent off at that moment is sent, or is gone."""

from datetime import timedelta
from functools import partial

import pytest

from portal.services.erasure import forget_old
from returns.errors import ReturnChanged
from returns.invariants import breaches
from returns.models import Return, ReturnItem
from returns.services.drafts import drop_old_drafts, send_draft
from scheduling.models import FileToRemove
from tests.races.together import at_once
from tests.returns.pickups import a_draft

MONTH = timedelta(days=31)


@pytest.mark.django_db
def test_what_was_never_sent_is_dropped_after_a_month_with_its_photos(settings):
    settings.DRAFT_ADDRESS_DAYS, settings.CONTACT_DAYS = 30, 0
    made = a_draft()

    assert forget_old(now=made.created_at + timedelta(days=29)) == 0
    assert forget_old(now=made.created_at + MONTH) > 0

    made.refresh_from_db()
    assert made.parcel == Return.Parcel.DROPPED
    assert not ReturnItem.objects.exists()
    assert [each.path for each in FileToRemove.objects.all()] in ([], ["returns/seen.jpg"])
    assert drop_old_drafts(before=made.created_at + MONTH, now=made.created_at + MONTH) == 0


@pytest.mark.django_db
def test_what_was_sent_stays():
    made = a_draft()
    send_draft(made.pk, version=made.version, fee_minor=0, actor="link:1", now=made.created_at)

    assert drop_old_drafts(before=made.created_at + MONTH, now=made.created_at + MONTH) == 0
    made.refresh_from_db()
    assert made.parcel == Return.Parcel.APPROVED


@pytest.mark.django_db(transaction=True)
def test_sent_off_while_it_is_dropped_it_is_one_of_both():
    made = a_draft()
    later = made.created_at + MONTH

    sent, _dropped = at_once(
        partial(send_draft, made.pk, version=made.version, fee_minor=0, actor="link:1", now=made.created_at),
        partial(drop_old_drafts, before=later, now=later),
    )

    made.refresh_from_db()
    assert made.parcel == ("dropped" if isinstance(sent, ReturnChanged) else "approved")
    assert made.items.exists() == (made.parcel == "approved")
    assert list(breaches()) == []
