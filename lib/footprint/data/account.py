"""What everybody may know and change about their own account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from footprint.auth import Me
from footprint.data.client import change, rpc


@dataclass(frozen=True)
class Look:
    """Somebody's act on one's own data: what, who, when, and the reason they gave."""

    occurred_at: datetime
    action: str
    who: str
    role: str
    reason: str | None


def looks_at_me(me: Me) -> list[Look]:
    """Return who looked at, exported or changed this person's data, newest first."""
    rows = rpc(me.session, "looks_at_me")
    return [
        Look(
            datetime.fromisoformat(row["occurred_at"]),
            row["action"],
            row["who"],
            row["role"],
            row["reason"],
        )
        for row in rows
    ]


def rename_myself(me: Me, full_name: str) -> None:
    """Change one's own name; empty for none."""
    change(me.session, "user_profiles", {"user_id": me.user_id}, {"full_name": full_name or None})
    me.session.profile = None
