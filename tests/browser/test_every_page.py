"""Every page in a real browser: legible, operable by keyboard, narrow, and asking no other host."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import PurePath

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from browsing import settle, sign_in, visitor
from footprint.shell.places import PLACES
from web import Web

# Who opens a page that not everybody may open.
PATHS = {place.title: "/" if place.is_home else f"/{PurePath(place.file).stem}" for place in PLACES}
AXE = files("axe_playwright_python") / "axe.min.js"
BAD = ("serious", "critical")
# Streamlit's own markup, which no page of ours can change; each with what it is.
NOT_OURS = {
    # st.dataframe draws on a canvas and keeps a hidden table, scrolled by its own keys.
    "scrollable-region-focusable": "[data-testid=stDataFrame]",
}


@pytest.fixture(scope="module", params=["light", "dark"])
def signed_in(
    request: pytest.FixtureRequest, app: str, web: Web, browser: Browser
) -> Iterator[Page]:
    """An administrator's browser in one theme; they may open every page."""
    yield from _sitting(browser, app, color_scheme=request.param)


@pytest.fixture(scope="module")
def phone(app: str, web: Web, browser: Browser) -> Iterator[Page]:
    yield from _sitting(browser, app, viewport={"width": 390, "height": 844})


def _sitting(browser: Browser, app: str, **options: object) -> Iterator[Page]:
    context = visitor(browser, **options)
    page = context.new_page()
    sign_in(page, app, "ada")
    yield page
    context.close()


def findings(page: Page) -> list[str]:
    """Return what axe-core finds that bars somebody from a page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = []
    for rule in page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]:
        if rule["impact"] not in BAD:
            continue
        for node in rule["nodes"]:
            inside = NOT_OURS.get(rule["id"])
            target = node["target"][0]
            if inside and page.locator(inside).locator(f":scope {target}").count():
                continue
            found.append(f"{rule['id']}: {target}: {node['failureSummary']}")
    return found


@pytest.mark.parametrize("title", PATHS)
def test_axe_finds_nothing_serious_in_either_theme(signed_in: Page, app: str, title: str) -> None:
    signed_in.goto(app + PATHS[title])
    settle(signed_in)
    assert findings(signed_in) == []


def test_axe_finds_nothing_serious_on_the_way_in(app: str, browser: Browser) -> None:
    context = visitor(browser)
    page = context.new_page()
    page.goto(app)
    expect(page.get_by_label("E-mail")).to_be_visible()
    settle(page)
    assert findings(page) == []
    context.close()


@pytest.mark.parametrize("title", PATHS)
def test_a_phone_scrolls_down_and_never_sideways(phone: Page, app: str, title: str) -> None:
    phone.goto(app + PATHS[title])
    settle(phone)
    widths = phone.evaluate(
        "() => [document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map(box => box.scrollWidth)"
    )
    assert max(widths) <= 390


def test_no_page_asks_another_host(app: str, web: Web, browser: Browser) -> None:
    context = visitor(browser)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("websocket", lambda socket: asked.append(socket.url))
    sign_in(page, app, "ada")
    for path in PATHS.values():
        page.goto(app + path)
        settle(page)
    ours = (app, app.replace("http", "ws", 1), "data:", "blob:")
    assert [url for url in asked if not url.startswith(ours)] == []
    assert len(asked) > len(PATHS)
    context.close()


# What the Tab key must reach: everything that acts and is not one of a group that arrows walk.
_REACHABLE = """() => [...document.querySelectorAll(
  '[data-testid=stMain] :is(a[href], button, input, select, textarea, summary, [tabindex="0"])')]
  .filter(e => e.tabIndex >= 0 && !e.disabled
    && e.checkVisibility({checkVisibilityCSS: true, checkOpacity: true})
    && !e.closest('[aria-hidden=true], [inert], [role=radiogroup], [data-testid=stDataFrame]'))
  .map((e, n) => { e.dataset.walked ??= n; return e.dataset.walked; })"""
_FOCUSED = """() => { const e = document.activeElement;
  const outline = e && getComputedStyle(e);
  return [e?.dataset?.walked ?? null, e?.tagName ?? '']; }"""


@pytest.mark.parametrize("title", PATHS)
def test_the_tab_key_reaches_everything_that_acts(app: str, keyboard: Page, title: str) -> None:
    keyboard.goto(app + PATHS[title])
    settle(keyboard)
    wanted = set(keyboard.evaluate(_REACHABLE))
    keyboard.evaluate("() => document.activeElement?.blur()")
    reached = set()
    for _ in range(len(wanted) * 3 + 60):
        keyboard.keyboard.press("Tab")
        walked, _tag = keyboard.evaluate(_FOCUSED)
        reached.add(walked)
        if wanted <= reached:
            break
    assert wanted - reached == set()


@pytest.fixture(scope="module")
def keyboard(app: str, web: Web, browser: Browser) -> Iterator[Page]:
    yield from _sitting(browser, app)


def test_one_signs_in_and_out_without_a_mouse(app: str, web: Web, browser: Browser) -> None:
    context: BrowserContext = visitor(browser)
    page = context.new_page()
    page.goto(app)
    expect(page.get_by_label("E-mail")).to_be_visible()
    page.get_by_label("E-mail").focus()
    page.keyboard.type("ann@example.net")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.type") == "password":
            break
    page.keyboard.type("correct horse battery staple")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="My footprint")).to_be_visible()
    out = page.get_by_role("button", name="Sign out")
    out.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("E-mail")).to_be_visible()
    context.close()
