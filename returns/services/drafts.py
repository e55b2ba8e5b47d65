"""A return being chosen: kept on the server, so that it goes on in another tab or on another device.

Whoever changes a draft names the version they saw. Nothing of it holds until it is sent off, and then all
of it is judged anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from returns.errors import MoreThanBought, NothingChosen, ReturnChanged, TermsChanged, TooManyPhotos
from returns.models import Return, ReturnItem, ReturnPhoto
from returns.reasons import METHODS
from returns.selectors.worth import left_of, worth_of
from returns.services.policies import Judged, judged, told_of
from returns.services.refunds import settle
from returns.services.requests import Wish, lock_order, lock_return, take_contact, told
from scheduling.errors import DomainError
from scheduling.models import Delivery, Order, OrderItem
from scheduling.services.changes import one_change
from scheduling.services.files import remove_later

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST_PHOTOS: Final = 4
STAYS: Final = "none"
"""The way of what does not travel."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one chosen line: why, what for; `photo` a file kept just now, `without` those to go."""

    line: str
    reason: str
    resolution: str
    condition: str = ""
    comment: str = ""
    wanted_sku: str = ""
    photo: str = ""
    without: Collection[int] = ()


@one_change
def choose_items(
    *, delivery: Delivery, order_id: int, quantities: Mapping[str, int], version: int, now: datetime
) -> Return:
    """Say what goes back, and how many of each: lines by their own `ref`. Begins a draft, or changes it.

    `version` 0 where none was seen. Raises NothingChosen, MoreThanBought, ReturnChanged.
    """
    order = lock_order(order_id)
    rows = Return.objects.select_for_update().filter(delivery=delivery, order=order)
    draft = rows.filter(parcel=Return.Parcel.DRAFT).first()
    if version != (draft.version if draft else 0):
        raise ReturnChanged
    wanted = {line: count for line, count in quantities.items() if count}
    if not wanted:
        raise NothingChosen
    if draft is None:
        draft = _begin(delivery, order, now=now)
    _take(draft, order, wanted, now=now)
    return _changed(draft)


def _begin(delivery: Delivery, order: Order, *, now: datetime) -> Return:
    return Return.objects.create(
        merchant_id=order.merchant_id,
        order=order,
        delivery=delivery,
        currency=order.currency or order.merchant.currency,
        language=delivery.language,
        created_at=now,
        version=0,
    )


def _take(draft: Return, order: Order, wanted: Mapping[str, int], *, now: datetime) -> None:
    lines = {each.ref: each for each in order.items.all()}
    if not wanted.keys() <= lines.keys():
        raise MoreThanBought
    left_out = draft.items.exclude(item__ref__in=wanted)
    _give_up(ReturnPhoto.objects.filter(of__in=left_out), now=now)
    left_out.delete()
    for line, count in wanted.items():
        _want(draft, lines[line], count)


def _want(draft: Return, item: OrderItem, count: int) -> None:
    if not 1 <= count <= left_of(item):
        raise MoreThanBought
    ReturnItem.objects.update_or_create(
        of=draft, item=item, defaults={"quantity": count, "value_minor": worth_of(item, count)}
    )


@one_change
def say_why(return_id: int, answers: Sequence[Answer], *, version: int, now: datetime) -> Return:
    """Keep why each chosen thing goes back, and what its customer wants for it.

    Raises ReturnChanged, TooManyPhotos.
    """
    draft = _lock_draft(return_id, version=version)
    items = {each.item.ref: each for each in draft.items.select_related("item")}
    if {each.line for each in answers} != items.keys():
        raise ReturnChanged
    for answer in answers:
        _say(items[answer.line], answer, now=now)
    return _changed(draft)


def _say(item: ReturnItem, answer: Answer, *, now: datetime) -> None:
    item.reason, item.resolution, item.condition = answer.reason, answer.resolution, answer.condition
    item.comment, item.wanted_sku = answer.comment, answer.wanted_sku
    item.save()
    _give_up(item.photos.filter(pk__in=answer.without), now=now)
    if answer.photo:
        if item.photos.count() >= MOST_PHOTOS:
            raise TooManyPhotos
        item.photos.create(taken=ReturnPhoto.Taken.CUSTOMER, file=answer.photo, added_at=now)


def _give_up(photos: QuerySet[ReturnPhoto], *, now: datetime) -> None:
    remove_later(list(photos.values_list("file", flat=True)), now=now)
    photos.delete()


@one_change
def choose_method(return_id: int, method: str, *, version: int, now: datetime) -> Return:
    """Keep how it travels, with what that costs by the rules of now. Raises NotAllowed, ReturnChanged."""
    draft = _lock_draft(return_id, version=version)
    if method not in METHODS:
        raise ReturnChanged
    draft.method = method
    draft.fee_minor = judged_as(draft, method, now=now).fee_minor
    return _changed(draft)


@one_change
def drop_draft(return_id: int, *, now: datetime) -> None:
    """Forget what was being chosen, its photos too. Twice is once."""
    draft = lock_return(return_id)
    if draft.parcel != Return.Parcel.DRAFT:
        return
    _give_up(ReturnPhoto.objects.filter(of__of=draft), now=now)
    draft.items.all().delete()
    draft.move(parcel=Return.Parcel.DROPPED)
    draft.save()


def drop_old_drafts(*, before: datetime, now: datetime) -> int:
    """Forget what was begun before an instant and never sent; return how many. One query, and each by itself.

    What somebody sends off meanwhile is sent.
    """
    old = Return.objects.filter(parcel=Return.Parcel.DRAFT, created_at__lt=before)
    found = list(old.order_by("pk").values_list("pk", flat=True))
    for each in found:
        drop_draft(each, now=now)
    return len(found)


@one_change
def send_draft(return_id: int, *, version: int, fee_minor: int, actor: str, now: datetime) -> Return:
    """Ask for what was chosen, judged in full by the rules of now; `fee_minor` is what its customer saw.

    Raises NotAllowed, MoreThanBought, TermsChanged, ReturnChanged.
    """
    lock_order(Return.objects.values_list("order_id", flat=True).get(pk=return_id))
    draft = _lock_draft(return_id, version=version)
    items = list(draft.items.select_related("item"))
    if not items:
        raise NothingChosen
    if any(each.quantity > left_of(each.item) for each in items):
        raise MoreThanBought
    found = judged_as(draft, draft.method, now=now)
    if found.fee_minor != fee_minor:
        raise TermsChanged
    draft.fee_minor, draft.policy, draft.requested_at = fee_minor, found.version, now
    for each in items:
        each.rule = found.verdicts[each.item.ref].rule
        # Others may have been asked for meanwhile: what is left of the line's price may be another part.
        each.value_minor = worth_of(each.item, each.quantity)
    ReturnItem.objects.bulk_update(items, ["rule", "value_minor"])
    take_contact(draft)
    draft.move(parcel=Return.Parcel.REQUESTED)
    draft.save()
    told(draft, "requested", now=now, actor=actor)
    draft.move(parcel=Return.Parcel.APPROVED)
    draft.save()
    told(draft, "approved", now=now, actor="rules")
    return _kept(draft, now=now) if draft.method == STAYS else draft


def _kept(draft: Return, *, now: datetime) -> Return:
    """Let what its customer keeps stay where it is: nothing travels, and what it is worth to them is paid."""
    draft.move(parcel=Return.Parcel.KEPT, inspection=Return.Inspection.UNNEEDED)
    draft.save()
    return settle(draft.pk, actor="rules", now=now)


def judged_as(draft: Return, method: str, *, now: datetime) -> Judged:
    """Return what the rules say of what is chosen, were it to travel so. Raises NotAllowed."""
    return judged(draft.order, draft.delivery, wishes_of(draft), method, now)


def ways_of(draft: Return, *, now: datetime) -> tuple[dict[str, int], list[str]]:
    """Return the ways what is chosen may travel with what each costs; where one may not, why. 9 queries."""
    ways, refused = dict[str, int](), list[str]()
    try:
        told = told_of(draft.order, draft.delivery, wishes_of(draft), now)
    except DomainError as error:
        return {}, [str(error)]
    for method in METHODS:
        try:
            ways[method] = told.fee_minor(method)
        except DomainError as error:
            refused.append(str(error))
    return ways, list(dict.fromkeys(refused))


def wishes_of(draft: Return) -> list[Wish]:
    """Return what a draft asks for, as the rules are asked."""
    return [
        Wish(
            line=each.item.ref,
            quantity=each.quantity,
            reason=each.reason,
            resolution=each.resolution,
            comment=each.comment,
            condition=each.condition,
            wanted_sku=each.wanted_sku,
            photos=len(each.photos.all()),
        )
        for each in draft.items.select_related("item").prefetch_related("photos")
    ]


def _lock_draft(return_id: int, *, version: int) -> Return:
    draft = lock_return(return_id, version=version)
    if draft.parcel != Return.Parcel.DRAFT:
        raise ReturnChanged
    return draft


def _changed(draft: Return) -> Return:
    draft.version += 1
    draft.save()
    return draft
