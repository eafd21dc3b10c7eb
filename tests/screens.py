"""What is on a page as a person finds it: opened through Home, and read back in words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

from web import ROOT, cookies_of, session_for, sit_at_browser

HOME = "pages/footprint.py"
# Where nothing listens.
DOWN = "http://127.0.0.1:9"


def open_page(
    monkeypatch: pytest.MonkeyPatch,
    person: str,
    page: str,
    query: Mapping[str, str] | None = None,
) -> AppTest:
    sit_at_browser(monkeypatch, cookies_of(session_for(person)))
    at = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30)
    for name, value in (query or {}).items():
        at.query_params[name] = value
    at.run()
    if page != HOME:
        at.switch_page(page).run()
    assert not at.exception, at.exception[0].message
    return at


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value.replace("\u00a0", " ") for metric in at.metric}


def words(at: AppTest) -> str:
    kinds = ("title", "header", "subheader", "markdown", "caption", "text", "code")
    text = "\n".join(str(element.value) for kind in kinds for element in getattr(at, kind))
    return text.replace("\u00a0", " ").replace("\\", "")


def charts(at: AppTest) -> list[str]:
    return [chart.proto.alt for chart in at.get("plotly_chart")]


def buttons(at: AppTest) -> list[str]:
    return [button.label for button in at.button]
