"""Set-up pages for people, memberships and brands. Links and messages can be looked at, and links ended."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from portal.access import revoke_link
from portal.models import AccessLink, Brand, Membership, Message, User, Widget
from portal.services.sessions import checked_origins, list_origins
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:  # generic for the type checker alone
    Page = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
    UserPage = UserAdmin[User]
    NewForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
    ModelForm = forms.ModelForm[Any]
else:
    Page, Inline, UserPage = admin.ModelAdmin, admin.TabularInline, UserAdmin
    NewForm, ChangeForm, ModelForm = AdminUserCreationForm, UserChangeForm, forms.ModelForm


def to_sign_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """There is one way in, with its throttle; the admin's own form would be a second."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.get_full_path())


admin.site.login = to_sign_in  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = _("Doorstep set-up")
admin.site.unregister(Group)  # memberships say who may do what


class NewUserForm(NewForm):
    """Without a password nobody can sign in as this person until one is set."""

    class Meta:
        model = User
        fields = ("email", "name")


class UserForm(ChangeForm):
    """Everything but the password."""

    class Meta:
        model = User
        fields = ("email", "name", "is_active", "is_staff", "is_superuser")


class MembershipInline(Inline):
    model = Membership
    extra = 0
    autocomplete_fields = ("operator", "depot", "merchant")


@admin.register(User)
class PeopleAdmin(UserPage):
    form = UserForm
    add_form = NewUserForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "joined_at")
    filter_horizontal = ()
    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("May"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "joined_at")}),
    )
    add_fieldsets = (
        (
            None,
            {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")},
        ),
    )


@admin.register(Brand)
class BrandAdmin(Page):
    list_display = ("merchant", "letter", "accent")
    autocomplete_fields = ("merchant",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "accent":
            kwargs["widget"] = forms.TextInput(attrs={"type": "color"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class WidgetForm(ModelForm):
    """Pages one on a line; written through the service, which knows what an origin is."""

    pages = forms.CharField(
        label=_("Pages that may show it"),
        required=False,
        max_length=4_000,
        help_text=_("One origin on a line, such as https://shop.example."),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )

    class Meta:
        model = Widget
        fields = ("merchant",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pages"].initial = "\n".join(self.instance.origins)

    def validate_unique(self) -> None:
        """A merchant's pages that are there already are replaced."""

    def clean_pages(self) -> list[str]:
        try:
            return checked_origins(self.cleaned_data["pages"].split())
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Widget)
class WidgetAdmin(Page):
    """Which pages may show a merchant's widget."""

    form = WidgetForm
    list_display = ("merchant", "__str__")
    autocomplete_fields = ("merchant",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Widget]:
        return Widget.objects.of_everybody().select_related("merchant")

    def save_model(self, request: HttpRequest, obj: Widget, form: Any, change: bool) -> None:
        saved = list_origins(merchant=obj.merchant, origins=form.cleaned_data["pages"])
        obj.pk, obj.origins = saved.pk, saved.origins


@admin.register(AccessLink)
class AccessLinkAdmin(Page):
    """Links are made by mails and end by themselves; staff can end them sooner. No page shows a token."""

    list_display = ("id", "kind", "delivery", "generation", "created_at", "revoked_at")
    list_filter = ("kind",)
    search_fields = ("delivery__ref",)
    list_select_related = ("delivery",)
    actions = ("end_links",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessLink | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessLink | None = None) -> bool:
        return False

    @admin.action(description=_("End these links"), permissions=["view"])
    def end_links(self, request: HttpRequest, chosen: QuerySet[AccessLink]) -> None:
        for link in chosen:
            revoke_link(link, now=clock.now())


@admin.register(Message)
class MessageAdmin(Page):
    """Messages are made by events: to be looked at."""

    list_display = ("message_id", "event", "state", "attempts", "created_at", "sent_at", "error")
    list_filter = ("state", "channel")
    search_fields = ("message_id", "person")
    list_select_related = ("event",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False
