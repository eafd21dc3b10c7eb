"""The security headers of every answer."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from footprint.api.headers import security_headers
from footprint.api.middleware import MIDDLEWARE
from footprint.config import get_settings
from footprint.shell.bridge import SCRIPTS
from web import ask, tell_settings


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    tell_settings(monkeypatch, {"APP_URL": "http://127.0.0.1:8501"})
    yield
    get_settings.cache_clear()


def policy(host: str = "footprint.example.org") -> dict[str, list[str]]:
    text = security_headers(host)["content-security-policy"]
    return {rule.split()[0]: rule.split()[1:] for rule in text.split("; ")}


def hash_of(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def test_every_answer_has_them_whoever_made_it() -> None:
    app = Starlette(
        routes=[Route("/", lambda _: PlainTextResponse("x"))],
        middleware=MIDDLEWARE,
    )
    for path in ("/", "/missing", "/media/x.csv", "/_stcore/metrics"):
        headers = ask(app, "GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_no_script_runs_but_ours_and_streamlits() -> None:
    allowed = policy()["script-src"]

    assert "'self'" in allowed
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "https:"} & set(allowed)
    assert {hash_of(script) for script in SCRIPTS} < set(allowed)


def test_every_inline_script_of_streamlits_own_page_is_allowed_by_its_hash() -> None:
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    inline = re.findall(r"<script(?:\s[^>]*)?>(.+?)</script>", index.read_text(), re.DOTALL)

    assert inline
    assert {hash_of(script) for script in inline} <= set(policy()["script-src"])


def test_nothing_frames_the_app_and_forms_go_nowhere_else() -> None:
    rules = policy()

    assert rules["frame-ancestors"] == ["'none'"]
    assert rules["form-action"] == ["'self'"]
    assert rules["object-src"] == ["'none'"]
    assert rules["base-uri"] == ["'none'"]
    assert rules["default-src"] == ["'self'"]


def test_the_page_speaks_to_nobody_but_its_own_host() -> None:
    assert policy("footprint.example.org:8443")["connect-src"] == [
        "'self'",
        "ws://footprint.example.org:8443",
        "wss://footprint.example.org:8443",
    ]
    assert policy("[::1]:8501")["connect-src"][1] == "ws://[::1]:8501"


@pytest.mark.parametrize(
    "host", ["", "evil.example; script-src *", "a b", "a,b", "x\r\ny", "*", "a/b", "user@host"]
)
def test_a_hostile_host_header_does_not_reach_the_policy(host: str) -> None:
    assert policy(host)["connect-src"] == ["'self'"]
    assert "*" not in policy(host)["script-src"]


def test_https_is_remembered_only_where_people_come_by_https(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "strict-transport-security" not in security_headers("h")

    tell_settings(monkeypatch, {"APP_URL": "https://footprint.example.org"})
    assert security_headers("h")["strict-transport-security"] == "max-age=31536000"
