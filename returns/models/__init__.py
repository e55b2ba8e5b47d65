"""Rows, by what they are about."""

from returns.models.goods import COUNTS, Return, ReturnItem, ReturnPhoto
from returns.models.money import Refund, RefundFault, StoreCredit, StripeAccount, StripeEvent
from returns.models.policies import PolicyVersion
from returns.models.withdrawals import Withdrawal

__all__ = [
    "COUNTS",
    "PolicyVersion",
    "Refund",
    "RefundFault",
    "Return",
    "ReturnItem",
    "ReturnPhoto",
    "StoreCredit",
    "StripeAccount",
    "StripeEvent",
    "Withdrawal",
]
