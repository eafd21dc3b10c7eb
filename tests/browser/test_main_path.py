"""The main path in a real browser: sign in, look, reload, download, sign out; and two at once."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from urllib.parse import quote

from playwright.sync_api import Browser, Page, expect

from browsing import sign_in, visitor
from footprint.ui.formats import Formats, month_name
from story import yesterday
from web import Web


def figure(page: Page, label: str) -> str:
    """Return the value on a card."""
    card = page.get_by_test_id("stMetric").filter(has_text=label).first
    return card.get_by_test_id("stMetricValue").inner_text().replace("\u00a0", " ")


def test_a_member_signs_in_looks_reloads_and_signs_out(app: str, browser: Browser) -> None:
    context = visitor(browser)
    page = context.new_page()
    elsewhere: list[str] = []
    page.on("request", lambda r: elsewhere.append(r.url) if _is_elsewhere(r.url, app) else None)
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))

    sign_in(page, app, "ann")
    by_model = page.get_by_role("figure", name="Cost by model, 1 in all. Largest: gpt-4o €0.88")
    expect(by_model).to_be_visible()
    assert figure(page, "Energy") == "3 kWh"

    page.get_by_role("radio", name="Energy").click()
    expect(page.get_by_role("figure", name="Energy by model, 1 in all.")).to_be_visible()
    assert "measure=Energy" in page.url
    page.reload()
    expect(page.get_by_role("figure", name="Energy by model, 1 in all.")).to_be_visible()
    assert figure(page, "Cost") == "€0.88"

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("E-mail")).to_be_visible()
    page.reload()
    expect(page.get_by_label("E-mail")).to_be_visible()
    assert (elsewhere, broken) == ([], [])
    context.close()


def test_the_downloaded_month_adds_up_to_the_page_and_to_the_database(
    app: str, web: Web, browser: Browser
) -> None:
    context = visitor(browser)
    page = context.new_page()
    sign_in(page, app, "fin")
    month = month_name(yesterday().date())
    page.goto(f"{app}/finance?month={quote(month)}")
    expect(page.get_by_text(f"{month} · days in UTC")).to_be_visible()

    page.get_by_role("button", name="Download").click()
    with page.expect_download() as expected:
        page.get_by_role("link", name="CSV").first.click()
    rows = list(csv.reader(io.StringIO(expected.value.path().read_text("utf-8"))))

    about = {row[0][2:]: row[1] for row in rows if row[0].startswith("# ")}
    header, *lines = rows[len(about) :]
    costs = [Decimal(line[header.index("cost_eur")] or 0) for line in lines]
    stored = web.database.one(
        "select sum(cost_eur) from public.request_logs where started_at >= %s",
        [yesterday().replace(day=1, hour=0)],
    )
    assert sum(costs) == Decimal(about["total_cost_eur"]) == stored
    assert Formats.of("en-GB").money(sum(costs)) == figure(page, "Cost") == "€2.38"
    assert (len(lines), about["rows"]) == (4, "4")
    assert expected.value.suggested_filename == (f"footprint-statement-{yesterday():%Y-%m}.csv")
    context.close()


def test_two_people_at_once_each_see_their_own(app: str, browser: Browser) -> None:
    one, other = visitor(browser), visitor(browser)
    anns, bobs = one.new_page(), other.new_page()
    sign_in(anns, app, "ann")
    sign_in(bobs, app, "bob")

    for _ in range(3):
        anns.reload()
        bobs.reload()
        for page, cost, model, not_theirs in (
            (anns, "€0.88", "gpt-4o", "claude-haiku"),
            (bobs, "€1.50", "claude-haiku", "gpt-4o"),
        ):
            chart = page.get_by_role("figure", name="Cost by model")
            expect(chart).to_be_visible()
            assert figure(page, "Cost") == cost
            assert model in (chart.get_attribute("aria-label") or "")
            # The what-if offers every model; what shows figures has only theirs.
            charts = page.get_by_role("figure").evaluate_all(
                "all => all.map(e => e.getAttribute('aria-label') + e.textContent).join()"
            )
            assert not_theirs not in charts
    one.close()
    other.close()


def test_the_table_behind_a_chart_is_a_click_away(app: str, browser: Browser) -> None:
    context = visitor(browser)
    page = context.new_page()
    sign_in(page, app, "ann")
    card = page.get_by_role("radiogroup", name="Cost by model: show as")
    card.get_by_role("radio").nth(1).click()

    table = page.get_by_role("table", name="Cost by model, as a table")
    expect(table.get_by_role("cell", name="gpt-4o")).to_be_visible()
    expect(table.get_by_role("cell", name="€0.88")).to_be_visible()
    expect(page.get_by_role("figure", name="Cost by model")).to_have_count(0)
    context.close()


def _is_elsewhere(url: str, app: str) -> bool:
    return not url.startswith((app, app.replace("http", "ws"), "data:", "blob:"))
