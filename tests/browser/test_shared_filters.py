"""A filter goes along from page to page and from person to person, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from browsing import sign_in, visitor

METRIC = "stMetricValue"


def cost(page: Page) -> str:
    card = page.get_by_test_id("stMetric").filter(has_text="Cost").first
    return card.get_by_test_id(METRIC).inner_text()


def test_a_filter_goes_along_and_its_link_shows_a_colleague_the_same(
    app: str, browser: Browser
) -> None:
    context = visitor(browser)
    page = context.new_page()
    sign_in(page, app, "ada")
    page.get_by_test_id("stSidebarNav").get_by_text("Organisation", exact=True).click()
    expect(page.get_by_role("heading", name="Organisation", exact=True)).to_be_visible()

    page.get_by_role("button", name="Filter").click()
    page.get_by_role("combobox", name="Models").click()
    page.get_by_role("option", name="gpt-4o").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Clear filter")).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="Requests").first).to_contain_text("3")
    assert "models=gpt-4o" in page.url
    assert cost(page) == "€0.88"
    link = page.url

    # To a page that knows models but not this one's requests, and back by a link in the app.
    page.get_by_test_id("stSidebarNav").get_by_text("Data quality", exact=True).click()
    expect(page.get_by_role("heading", name="Data quality", exact=True)).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_text("Organisation", exact=True).click()
    expect(page.get_by_role("button", name="Clear filter")).to_be_visible()
    assert "models=gpt-4o" in page.url

    colleague = visitor(browser)
    theirs = colleague.new_page()
    sign_in(theirs, app, "fin")
    theirs.goto(link)
    expect(theirs.get_by_role("button", name="Clear filter")).to_be_visible()
    assert cost(theirs) == "€0.88"

    page.get_by_role("button", name="Clear filter").click()
    expect(page.get_by_role("button", name="Clear filter")).to_have_count(0)
    assert "models=" not in page.url
    context.close()
    colleague.close()
