"""Parts that are drawn once for the same values."""

from django.template import Context, Template
from django.utils import translation

from portal.customers.rows import Tag
from portal.templatetags.doorstep import _drawn, drawn

PAGE = Template(
    '{% load doorstep %}{% for tag in tags %}{% drawn "components/tag.html" tag=tag %}{% endfor %}'
)


def test_it_is_what_an_include_draws_without_the_files_last_line_break():
    included = Template('{% include "components/tag.html" %}').render(Context({"tag": Tag("<b>", "good")}))

    assert PAGE.render(Context({"tags": [Tag("<b>", "good")]})) == included.rstrip("\n")


def test_the_same_values_are_drawn_once_and_others_anew():
    _drawn.cache_clear()

    page = PAGE.render(Context({"tags": [Tag("full"), Tag("full"), Tag("full", "warn")]}))

    assert page.count("full") == 3
    assert page.count("tag--warn") == 1
    assert _drawn.cache_info().misses == 2


def test_each_language_has_its_own():
    _drawn.cache_clear()

    for language in ("en", "de", "en"):
        with translation.override(language):
            drawn("components/tag.html", tag=Tag("full"))

    assert _drawn.cache_info().misses == 2


def test_nothing_but_its_values_is_seen():
    page = Template('{% load doorstep %}{% drawn "components/tag.html" %}').render(
        Context({"tag": Tag("full")})
    )

    assert "full" not in page
