"""What staff type to come in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import PlainForm


class SignInForm(PlainForm):
    """E-mail address and password. Which of the two was wrong is nobody's business."""

    problem_title = _("You are not signed in")
    kept = ""

    email = forms.EmailField(
        label=_("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
