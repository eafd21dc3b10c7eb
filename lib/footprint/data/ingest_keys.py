"""The keys that may send requests, as an admin handles them. Never cached."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from footprint.auth import Me
from footprint.data.client import rpc


@dataclass(frozen=True)
class IngestKey:
    """A key without its secret."""

    ingest_key_id: str
    label: str
    # For whom it sends: "Organisation", a person's name or a team's.
    scope: str
    # active, expired or revoked.
    state: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


def list_ingest_keys(me: Me) -> list[IngestKey]:
    """Return all keys, working ones first."""
    keys = []
    for row in rpc(me.session, "list_ingest_keys"):
        scopes = {"user": f"Person: {row['person']}", "team": f"Team: {row['team']}"}
        keys.append(
            IngestKey(
                row["ingest_key_id"],
                row["label"],
                scopes.get(row["scope"], "Organisation"),
                row["state"],
                datetime.fromisoformat(row["created_at"]),
                _instant(row["expires_at"]),
                _instant(row["last_used_at"]),
            )
        )
    return keys


def add_ingest_key(
    me: Me, label: str, *, user_id: str | None, team: str | None, days: int | None
) -> str:
    """Make a key and return it, this once: only its SHA-256 leaves this process.

    Args:
        me: an admin.
        label: what it is for.
        user_id: the person that everything it sends belongs to.
        team: the team that everything it sends belongs to.
        days: until it expires; ``None`` for never.
    """
    key = f"fpk_{secrets.token_urlsafe(32)}"
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    arguments = {
        "p_key_sha256": hashlib.sha256(key.encode()).hexdigest(),
        "p_label": label,
        "p_user_id": user_id,
        "p_team": team,
        "p_expires_at": expires_at and expires_at.isoformat(),
    }
    rpc(me.session, "add_ingest_key", arguments)
    return key


def stop_ingest_key(me: Me, ingest_key_id: str) -> str:
    """Revoke a key at once and return its label."""
    return str(rpc(me.session, "stop_ingest_key", {"p_ingest_key_id": ingest_key_id}))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
