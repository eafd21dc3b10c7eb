"""What tests of every room share: a throw-away database with people in it, and how to act as one.

The people: ``member``, ``other`` (another member), ``admin``, ``finance``; further actors are
``anonymous``, ``service`` and ``owner``.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import conninfo

PEOPLE = {
    "member": uuid.UUID("00000000-0000-0000-0000-00000000000a"),
    "other": uuid.UUID("00000000-0000-0000-0000-00000000000b"),
    "admin": uuid.UUID("00000000-0000-0000-0000-00000000000c"),
    "finance": uuid.UUID("00000000-0000-0000-0000-00000000000d"),
}
ROLES = {"anonymous": "anon", "service": "service_role"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A throw-away database with the schema in it."""

    url: str

    @property
    def name(self) -> str:
        """Its name on the server."""
        return str(conninfo.conninfo_to_dict(self.url)["dbname"])

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection]:
        """Connect as the owner, in autocommit."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            yield connection

    @contextmanager
    def acting(
        self, actor: str, headers: dict[str, str] | None = None
    ) -> Iterator[psycopg.Connection]:
        """Connect as PostgREST would for ``actor``: its role, its JWT's subject, its headers."""
        with self.connect() as connection:
            if headers is not None:
                connection.execute(
                    "select set_config('request.headers', %s, false)", [json.dumps(headers)]
                )
            if actor in PEOPLE:
                claims = json.dumps({"sub": str(PEOPLE[actor]), "role": "authenticated"})
                connection.execute(
                    "select set_config('request.jwt.claims', %s, false),"
                    " set_config('request.jwt.claim.sub', %s, false)",
                    [claims, str(PEOPLE[actor])],
                )
            if actor != "owner":
                connection.execute(f"set role {ROLES.get(actor, 'authenticated')}")
            yield connection

    def one(self, query: str, values: Iterable[Any] = (), *, actor: str = "owner") -> Any:
        """Return the first value of the first row; None where there is no row."""
        with self.acting(actor) as connection:
            row = connection.execute(query, list(values) or None).fetchone()
        return row[0] if row else None

    def rows(self, query: str, values: Iterable[Any] = (), *, actor: str = "owner") -> list[Any]:
        """Return all rows."""
        with self.acting(actor) as connection:
            return connection.execute(query, list(values) or None).fetchall()

    def execute(self, query: str, values: Iterable[Any] = (), *, actor: str = "owner") -> int:
        """Run a statement; return how many rows it touched."""
        with self.acting(actor) as connection:
            return connection.execute(query, list(values) or None).rowcount

    def store(self, *events: dict[str, Any] | str) -> dict[str, Any]:
        """Store events, or what is none, as the ingest function does once the key is checked."""
        answer = self.one("select private.store_events(%s::jsonb)", [json.dumps(events)])
        assert isinstance(answer, dict)
        return answer

    def rollup_differences(self) -> int:
        """Return how many rollup rows differ from a full recomputation."""
        return int(self.one("select sum(differences) from private.check_rollups()"))

    def make_key(self, label: str = "test", **scope: Any) -> str:
        """Make an ingest key: ``user_id``, ``team``, ``expires_at``."""
        key = f"fpk_test_{uuid.uuid4().hex}"
        self.one(
            "select private.create_ingest_key(%s, %s, %s, %s, %s)",
            [
                hashlib.sha256(key.encode()).digest(),
                label,
                scope.get("user_id"),
                scope.get("team"),
                scope.get("expires_at"),
            ],
        )
        return key


def event(**fields: Any) -> dict[str, Any]:
    """Return a UsageEvent as JSON: a successful chat request of ``user-of-member``."""
    return {
        "event_id": str(uuid.uuid4()),
        "started_at": "2026-10-15T10:00:00+00:00",
        "provider": "openai",
        "model": "gpt-4o",
        "status": "success",
        "user_id": "user-of-member",
        "tokens_input_uncached": 1000,
        "tokens_cache_read": 0,
        "tokens_cache_write": 0,
        "tokens_output_text": 200,
        "tokens_reasoning": 0,
        "cost_usd": "0.0045",
        "price_source": "test",
    } | fields


def settle_people(database: Database) -> None:
    """Give the four people accounts with verified e-mails, and admin and finance their roles."""
    for name, auth_id in PEOPLE.items():
        database.execute(
            "insert into public.user_profiles (user_id, email, full_name, team) values (%s, %s, %s, %s)",
            [f"user-of-{name}", f"{name}@example.org", name.title(), "research"],
        )
        database.execute(
            "insert into auth.users (id, email, email_confirmed_at) values (%s, %s, now())",
            [auth_id, f"{name}@example.org"],
        )
        if name in ("admin", "finance"):
            database.execute(
                "update public.user_profiles set role = %s where user_id = %s",
                [name, f"user-of-{name}"],
            )


def unique_name(prefix: str) -> str:
    """Return a database name no other test of this run uses."""
    return f"{prefix}_{next(_numbers)}"
