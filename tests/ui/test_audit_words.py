"""The audit log in words: every act that the database writes down has a name and a kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from footprint.ui.audit_words import DEEDS, KINDS, deed, target, values

SQL = Path(__file__).parents[2] / "sql"
KEY = "bb915700-0cd2-4f35-ae8e-49548efbea0f"


def logged() -> set[str]:
    """Return the codes of acts that stand in the sql files, as far as they are written out."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in SQL.glob("*.sql"))
    calls = re.findall(r"private\.audit\('([a-z_]+\.[a-z_]+)'", text)
    rows = re.findall(r"insert into public\.audit_log[^;]*?'([a-z_]+\.[a-z_]+)'", text)
    return {*calls, *rows}


def test_every_act_that_is_logged_has_a_name_and_a_kind() -> None:
    assert len(logged()) > 20
    assert logged() <= set(DEEDS)
    beginnings = [beginning for beginning in KINDS.values() if beginning]
    for action in DEEDS:
        assert sum(action.startswith(beginning) for beginning in beginnings) == 1, action


@pytest.mark.parametrize(
    ("action", "name", "said"),
    [
        ("setting.set", "pledge_share", "Pledge"),
        ("zone.set", "mistral/", "mistral: all"),
        ("zone.set", "azure/westeurope", "azure: westeurope"),
        ("ingest_key.create", KEY, "bb915700"),
        ("ingest_key.create", "LiteLLM proxy", "LiteLLM proxy"),
        ("content.purge", None, None),
    ],
)
def test_what_an_act_was_on_is_called_as_on_the_pages(
    action: str, name: str | None, said: str | None
) -> None:
    assert target(action, name) == said


def test_an_act_without_a_name_keeps_its_code() -> None:
    assert deed("something.new") == "something.new"
    assert deed("role.grant") == "Changed a role"


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (None, None),
        ("0.05", "0.05"),
        (True, "yes"),
        ({"role": "admin"}, "Role: Administrator"),
        (
            {"label": "Proxy", "team": None, "user_id": "u1", "key_id": KEY},
            "Label: Proxy, User id: u1",
        ),
        ({"created_at": "2026-11-01T00:00:00Z"}, None),
        ({"prices": {"in": 0.5, "out": 1.5}, "days": ["a", "b"]}, "Prices: in 0.5; out 1.5, Days: a, b"),
    ],
)  # fmt: skip
def test_what_was_before_and_after_is_written_out(stored: object, said: str | None) -> None:
    assert values(stored) == said
