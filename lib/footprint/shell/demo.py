"""Demo mode: the accounts on offer and the notice that every screen carries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from footprint.config import Settings


@dataclass(frozen=True)
class Notice:
    """Which part of the demo's data is real and which is made up."""

    # The difference in a line, for the head of every screen.
    title: str
    real: str
    synthetic: str
    source: str
    licence: str


@dataclass(frozen=True)
class DemoAccount:
    """An account that anybody at the sign-in screen may use."""

    email: str
    password: str = field(repr=False)
    role: str
    name: str
    what: str


@dataclass(frozen=True)
class Demo:
    """What ``footprint demo`` left in the data folder for the sign-in screen."""

    accounts: tuple[DemoAccount, ...]
    notice: Notice | None


def read_demo(settings: Settings) -> Demo | None:
    """Return the demo's accounts and notice; ``None`` outside demo mode, always."""
    if not settings.demo:
        return None
    try:
        body = json.loads((settings.data_dir / "demo.json").read_text(encoding="utf-8"))
        accounts = tuple(_account(entry) for entry in body["accounts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Demo(accounts=(), notice=None)
    return Demo(accounts, notice_of(body.get("notice")))


def notice_of(entry: object) -> Notice | None:
    """Return the notice in a JSON value; ``None`` where there is none."""
    if not isinstance(entry, dict) or not entry:
        return None
    return Notice(**{name: str(entry.get(name) or "") for name in Notice.__dataclass_fields__})


def _account(entry: dict[str, Any]) -> DemoAccount:
    return DemoAccount(
        email=entry["email"],
        password=entry["password"],
        role=entry["role"],
        name=entry.get("name") or entry["email"],
        what=entry.get("what") or "",
    )
