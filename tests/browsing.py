"""How a test sits down at a browser: a visitor, signing in, waiting until a page has settled."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, expect

from web import PASSWORD, email

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]


def visitor(browser: Browser, **options: object) -> BrowserContext:
    context = browser.new_context(locale="en-GB", **options)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    return context


def sign_in(page: Page, address: str, person: str) -> None:
    page.goto(address)
    page.get_by_label("E-mail").fill(email(person))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=30_000)


def select(page: Page, label: str, option: str) -> None:
    """Choose in a select box; a list that closes because the page still moves is opened again."""
    found = page.get_by_role("option", name=option)
    for _ in range(5):
        page.get_by_role("combobox", name=label).click()
        try:
            found.click(timeout=3_000)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"{label} does not offer {option}.")


def settle(page: Page) -> None:
    """Wait until the page has its heading, nothing runs and no skeleton is left."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(500)
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stStatusWidget], [data-stale=true],"
        " [data-testid=stSkeleton]')"
    )
    page.wait_for_timeout(700)
