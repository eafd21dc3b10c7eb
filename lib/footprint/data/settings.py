"""What the organisation decided, and what another decision would change. Never cached."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from footprint.auth import Me
from footprint.data.client import fetch_all, rpc


@dataclass(frozen=True)
class Preview:
    """What a new value would do to figures; both None where it does nothing to them."""

    before: dict[str, float] | None
    after: dict[str, float] | None


def settings(me: Me) -> dict[str, Any]:
    """Return every setting's value by its key."""
    return {row["key"]: row["value"] for row in fetch_all(me.session, "settings", "key")}


def factor_sets(me: Me) -> list[str]:
    """Return the factor sets that can be made active."""
    rows = fetch_all(me.session, "factor_sets", "factor_set")
    return [row["factor_set"] for row in rows]


def preview_setting(me: Me, key: str, value: object) -> Preview:
    """Return what a new value would do; it changes nothing."""
    answer = rpc(me.session, "preview_setting", {"p_key": key, "p_value": json.dumps(value)})
    return Preview(answer["before"], answer["after"])


def set_setting(me: Me, key: str, value: object) -> None:
    """Change a setting, and everything that follows from it."""
    rpc(me.session, "set_setting", {"p_key": key, "p_value": json.dumps(value)})
