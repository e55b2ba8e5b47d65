"""The watch on the browser's own complaints sees what it should: else every other test here proves less."""

from playwright.sync_api import expect


def test_an_error_page_is_accessible_and_quiet(page, watch, assert_accessible):
    watch.allow("status of 404")
    page.goto("/nothing/here/")

    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert_accessible(page)


def test_a_breach_of_the_content_policy_is_noticed(page, watch):
    watch.allow("status of 404")
    page.goto("/nothing/here/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    page.evaluate("document.head.append(Object.assign(document.createElement('script'), {textContent: '1'}))")

    assert len([text for text in watch.unexpected() if "Content Security Policy" in text]) == 2
    watch.allow("Content Security Policy")


def test_asking_a_third_party_is_noticed(page, watch):
    watch.allow("status of 404")
    page.goto("/nothing/here/")
    page.evaluate("fetch('https://example.org/pixel').catch(() => null)")

    assert watch.unexpected() != []
    watch.allow("example.org")


def test_pages_come_up_without_javascript_and_in_the_dark(visitor, watch):
    watch.allow("status of 404")
    page = visitor(width=1280, javascript=False, dark=True)
    page.goto("/nothing/here/")

    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
