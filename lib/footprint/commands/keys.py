"""``footprint keys create|list|revoke``: the keys that may send requests."""

from __future__ import annotations

import argparse
import hashlib
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from footprint.config import get_settings
from footprint.database import call, connect
from footprint.errors import InputError

if TYPE_CHECKING:
    from footprint.commands import Commands


def register(commands: Commands) -> None:
    """Add ``keys create``, ``keys list`` and ``keys revoke``."""
    parser = commands.add_parser("keys", help="create, list and revoke ingest keys")
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    create = actions.add_parser("create", help="make a key; it is shown once")
    create.add_argument("label", help="what it is for, for example 'LiteLLM proxy'")
    scope = create.add_mutually_exclusive_group()
    scope.add_argument("--user", metavar="ID", help="everything it sends belongs to this person")
    scope.add_argument("--team", metavar="NAME", help="everything it sends belongs to this team")
    create.add_argument("--days", type=int, help="days until it expires (default: never)")
    create.set_defaults(run=run_create)
    actions.add_parser("list", help="show all keys, without their secret").set_defaults(
        run=run_list
    )
    revoke = actions.add_parser("revoke", help="stop a key at once")
    revoke.add_argument("key", help="the key's id from `footprint keys list`")
    revoke.set_defaults(run=run_revoke)


def create_key(
    database_url: str,
    label: str,
    *,
    user_id: str | None = None,
    team: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[uuid.UUID, str]:
    """Make an ingest key; only its SHA-256 is stored.

    Args:
        database_url: Direct address of the database.
        label: What it is for, 1 to 100 characters.
        user_id: Forces everything it sends to this person (who is made known if new).
        team: Forces everything it sends to this team.
        expires_at: When it stops working; ``None`` for never.

    Returns:
        The key's id, which is not secret, and the key, which is shown once.

    Raises:
        InputError: where the label is empty or too long, or both scopes are given.
    """
    if not 1 <= len(label.strip()) <= 100 or (user_id and team):
        raise InputError(
            "A key needs a label of 1 to 100 characters and at most one of --user and --team."
        )
    key = f"fpk_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(key.encode()).digest()
    key_id = call(
        database_url, "private.create_ingest_key", digest, label, user_id, team, expires_at
    )
    return key_id, key


def run_create(options: argparse.Namespace) -> int:
    """Make a key and show it once."""
    if options.days is not None and not 1 <= options.days <= 3650:
        raise InputError("--days must be from 1 to 3650.")
    expires_at = datetime.now(UTC) + timedelta(days=options.days) if options.days else None
    key_id, key = create_key(
        get_settings().require_database(),
        options.label,
        user_id=options.user,
        team=options.team,
        expires_at=expires_at,
    )
    print(
        f"{key}\n\nThis is key {key_id}. It is shown this once: put it into FOOTPRINT_INGEST_KEY."
    )
    return 0


def run_list(options: argparse.Namespace) -> int:
    """Print every key: id, label, scope, state, last use."""
    with connect(get_settings().require_database()) as connection:
        rows = connection.execute(
            "select ingest_key_id, state, scope, last_used_at, label "
            "from private.ingest_key_list order by created_at"
        ).fetchall()
    if not rows:
        print("No keys yet: `footprint keys create LABEL` makes one.")
    for key_id, state, scope, used, label in rows:
        when = used.strftime("%Y-%m-%d %H:%M UTC") if used else "never used"
        print(f"{key_id}  {state:8}  {scope:24}  {when:20}  {label}")
    return 0


def run_revoke(options: argparse.Namespace) -> int:
    """Stop a key at once; revoking it again changes nothing."""
    try:
        key_id = uuid.UUID(options.key)
    except ValueError as error:
        raise InputError(
            "That is no key id: `footprint keys list` shows them (the key itself is not needed)."
        ) from error
    label = call(get_settings().require_database(), "private.revoke_ingest_key", key_id)
    if label is None:
        raise InputError("There is no key with that id: `footprint keys list` shows them.")
    print(f"Key {key_id} ({label}) is revoked.")
    return 0
