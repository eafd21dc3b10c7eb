"""How the people of a Supabase see its sums: signed in, by page, view and function."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Self

import pandas as pd
import psycopg
import pytest
from psycopg.rows import dict_row

from added_up import Key, Month, Row, Shown, Sums, shown
from footprint.auth import Me
from footprint.auth.guard import identify
from footprint.auth.sessions import AuthSession
from footprint.data.period import Period
from web import Web, cookies_of, email, session_for, sit_at_browser


@dataclass(frozen=True)
class Seeing:
    """A Supabase, and ann and bob (members), ada (admin) and fin (finance), who are signed in."""

    web: Web
    people: Mapping[str, Me]
    # By name, of those without an account too.
    user_ids: Mapping[str, str]

    @classmethod
    def of(cls, web: Web, monkeypatch: pytest.MonkeyPatch, guests: tuple[str, ...] = ()) -> Self:
        """Sign all four in; a guest's name is the user id."""
        people = {}
        for name in ("ann", "bob", "ada", "fin"):
            sit_at_browser(monkeypatch, cookies_of(session_for(name)))
            me = identify()
            assert me is not None
            people[name] = me
        ids = {name: name for name in guests} | {name: me.user_id for name, me in people.items()}
        return cls(web, people, ids)

    @property
    def finances(self) -> AuthSession:
        session = self.people["fin"].session
        assert isinstance(session, AuthSession)
        return session

    def as_shown(self, month: Month, people: str) -> Month:
        """Return a month with ``user_id`` as finance sees it: by name, by pseudonym, or as all."""
        names = {"": None}
        for person in {row["person"] for row in month.rows} - {""}:
            names[person] = {"name": person, "nothing": "everybody"}.get(
                people
            ) or self.web.database.one("select private.pseudonym(%s)", [person])
        return Month(month.first, [{**row, "user_id": names[row["person"]]} for row in month.rows])

    def select(self, name: str, query: str, *keys: str, ids: Any = None) -> dict[Key, Row]:
        with self._as(name) as cursor:
            rows = cursor.execute(query, None if ids is None else [ids]).fetchall()
        told: dict[Key, Row] = {tuple(row[key] for key in keys): row for row in rows}
        assert len(told) == len(rows)
        return told

    def asked(self, name: str, function: str, *values: Any) -> Any:
        """Return a function's JSON value with every digit."""
        with self._as(name) as cursor:
            row = cursor.execute(f"select ({function})::text as told", values).fetchone()
        assert row is not None
        return json.loads(row["told"], parse_float=Decimal)

    @contextmanager
    def _as(self, name: str) -> Iterator[psycopg.Cursor[dict[str, Any]]]:
        """Ask as PostgREST does for somebody who is signed in."""
        with self.web.database.connect() as connection:
            if name != "owner":
                account = "select auth_user_id::text from public.user_profiles where email = %s"
                found = connection.execute(account, [email(name)]).fetchone()
                claim = "select set_config('request.jwt.claim.sub', %s, false)"
                connection.execute(claim, found)
                connection.execute("set role authenticated")
            yield connection.cursor(row_factory=dict_row)


def shown_by_group(groups: Mapping[Key, Sums]) -> dict[Key, Shown]:
    return {key: shown(sums) for key, sums in groups.items()}


def table(table: pd.DataFrame, *keys: str) -> dict[Key, Row]:
    rows: list[dict[Any, Any]] = table.to_dict("records")
    told: dict[Key, Row] = {tuple(_key(row[key]) for key in keys): row for row in rows}
    assert len(told) == len(rows)
    return told


def _key(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.date()
    return None if pd.isna(value) else value


def days_of(month: Month) -> Period:
    following = (month.first + timedelta(days=31)).replace(day=1)
    return Period(month.first, following - timedelta(days=1))


def of_row(row: Row, name: str) -> Any:
    return 0 if row["cache_hit"] and name in ("cost_usd", "cost_eur") else row[name]
