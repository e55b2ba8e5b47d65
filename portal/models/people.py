"""Staff have accounts with memberships; customers have links."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from scheduling import clock


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=tidy_email(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create somebody who can sign in. Without a password nobody can until one is set."""
        user = self.model(email=tidy_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})


def tidy_email(address: str) -> str:
    """One spelling per mailbox: no spaces around it, lower case throughout."""
    return address.strip().lower()


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who works for an operator, a depot or a merchant. Signs in with an e-mail address."""

    email = models.EmailField(
        _("e-mail address"), unique=True, error_messages={"unique": _("Somebody already has this address.")}
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_staff = models.BooleanField(
        _("may open the set-up pages"), default=False, help_text=_("Lets this person into the admin.")
    )
    is_active = models.BooleanField(
        _("may sign in"), default=True, help_text=_("Clear this instead of deleting somebody.")
    )
    joined_at = models.DateTimeField(_("joined"), default=clock.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            # `unique` alone would let Ana@shop.example and ana@shop.example be two people.
            models.UniqueConstraint(Lower("email"), name="user_email_any_case_unique"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = tidy_email(self.email)

    @property
    def actor(self) -> str:
        """How events name this person."""
        return f"user:{self.pk}"


class Role(models.TextChoices):
    MANAGER = "manager", _("Manager")
    DISPATCHER = "dispatcher", _("Dispatcher")
    RETURNS_DESK = "returns_desk", _("Returns desk")
    VIEWER = "viewer", _("Viewer")


ROLES: dict[str, tuple[Role, ...]] = {
    "operator": (Role.MANAGER, Role.DISPATCHER, Role.VIEWER),
    "depot": (Role.MANAGER, Role.DISPATCHER, Role.VIEWER),
    "merchant": (Role.MANAGER, Role.RETURNS_DESK, Role.VIEWER),
}
"""Which roles exist where. An operator's role counts at each of its depots."""


def _works_for_exactly_one() -> Q:
    """Exactly one of operator, depot and merchant is set, and the role is one of its roles."""
    allowed = Q()
    for scope, roles in ROLES.items():
        others = {f"{other}__isnull": True for other in ROLES if other != scope}
        allowed |= Q(**{f"{scope}__isnull": False}, **others, role__in=[role.value for role in roles])
    return allowed


class Membership(models.Model):
    """What one user does for one operator, depot or merchant."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    operator = models.ForeignKey(
        "scheduling.Operator", models.CASCADE, null=True, blank=True, related_name="+"
    )
    depot = models.ForeignKey("scheduling.Depot", models.CASCADE, null=True, blank=True, related_name="+")
    merchant = models.ForeignKey(
        "scheduling.Merchant", models.CASCADE, null=True, blank=True, related_name="+"
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.CheckConstraint(
                condition=_works_for_exactly_one(),
                name="membership_of_exactly_one",
                violation_error_message=_(
                    "Choose one operator, one depot or one merchant, and a role that exists there."
                ),
            ),
            *(
                models.UniqueConstraint(
                    fields=["user", scope],
                    condition=Q(**{f"{scope}__isnull": False}),
                    name=f"membership_once_per_{scope}",
                )
                for scope in ROLES
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}, {self.operator or self.depot or self.merchant}"


class LinkKind(models.TextChoices):
    FOLLOW = "follow", _("may look")
    MANAGE = "manage", _("may look and change")


class AccessLink(models.Model):
    """A customer's way to one delivery. Its token is derived when sent (see portal/access.py), never kept.

    Raising `generation` ends every token sent so far and lets new ones be sent; `revoked_at` ends the link.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delivery = models.ForeignKey("scheduling.Delivery", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=LinkKind.choices)
    generation = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("access link")
        verbose_name_plural = _("access links")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LinkKind.values), name="access_link_kind_known"),
            models.CheckConstraint(condition=Q(generation__gte=1), name="access_link_generation_from_1"),
            models.UniqueConstraint(
                fields=["delivery", "kind"],
                condition=Q(revoked_at__isnull=True),
                name="access_link_one_live_per_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def actor(self) -> str:
        """How events name whoever holds this link."""
        return f"link:{self.pk}"
