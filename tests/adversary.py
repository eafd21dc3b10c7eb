"""An organisation made of what breaks sums: edges of days and months, gaps, giants, odd names.

A dollar is half a euro, but 0.8 € from 2026 on. ``story`` has the factors; nothing else has one.
"""

from __future__ import annotations

from typing import Any

from house import Database, event
from story import GPT, HAIKU, settle_rates
from web import email

# Moments at which a day, a month or an hour turns somewhere, with the second before.
EDGES = (
    # A leap day in UTC, in New York (UTC-5) and on Kiritimati (UTC+14).
    *("2024-02-28T23:59:59Z", "2024-02-29T00:00:00Z", "2024-02-29T23:59:59.999999Z"),
    *("2024-03-01T04:59:59Z", "2024-03-01T05:00:00Z", "2024-02-28T10:00:00Z"),
    # The hour that is left out and the one that comes twice, in Europe and in New York.
    *("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-10-25T00:30:00Z"),
    *("2026-10-25T01:30:00Z", "2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z"),
    *("2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z"),
    # Midnight at the turn of a month and of a year, in each of the three.
    *("2026-09-30T23:59:59Z", "2026-10-01T00:00:00Z", "2026-10-01T03:59:59Z"),
    *("2026-10-01T04:00:00Z", "2026-09-30T09:59:59Z", "2026-09-30T10:00:00Z"),
    *("2025-12-31T23:59:59.999999Z", "2026-01-01T00:00:00Z", "2026-01-01T05:00:00Z"),
)
ZONES = ("UTC", "America/New_York", "Pacific/Kiritimati")
SESSION = "chat-of-nobody-🦔"
FIRST, LAST = "2024-02-01", "2026-11-02"


def settle_adversary(database: Database) -> None:
    """Store the organisation in a database that has the people of ``web.ROLES``."""
    settle_rates(database)
    database.execute("insert into public.fx_rates values ('2026-01-01', 0.8, 'test')")
    ann, bob = (_id(database, person) for person in ("ann", "bob"))
    stored = database.store(*_edges(ann, bob), *_gaps(ann, bob), *_giants(ann))
    assert not stored["rejected"], stored
    database.execute(
        "insert into public.donations (month, donated_on, organisation, claim_type, amount,"
        " amount_eur, area_m2, receipt_sha256, verified_at) values ('2026-09-01', '2026-10-02',"
        " 'Hedge & Hare 🌳', 'restored', 12.34, 12.34, 10.5, repeat('a', 64), now())"
    )
    database.execute(
        "insert into public.transactions (user_id, kind, amount_eur, idempotency_key) values"
        " (%s, 'topup', 10, 'k1'), (%s, 'adjustment', -3.21, 'k2')",
        [ann, ann],
    )


def _id(database: Database, person: str) -> str:
    query = "select user_id from public.user_profiles where email = %s"
    return str(database.one(query, [email(person)]))


def _edges(ann: str, bob: str) -> list[dict[str, Any]]:
    people = [ann, bob, None, "once-🧮", ann]
    teams = ["Research", "Law & Order", None, "Étude №5 🦉"]
    return [
        _request(
            started_at=moment,
            user_id=people[n % len(people)],
            team=teams[n % len(teams)],
            model=(GPT, HAIKU)[n % 2],
            tokens_output_text=100 + n,
            tokens_reasoning=n % 3 * 10,
            cost_usd=f"0.{n + 1:03d}0000000{n % 10}",
            status="failure" if n % 6 == 5 else "success",
            latency_s=1 + n / 8,
        )
        for n, moment in enumerate(EDGES)
    ]


def _gaps(ann: str, bob: str) -> list[dict[str, Any]]:
    day: dict[str, Any] = {"started_at": "2026-10-15T12:00:00Z"}
    emoji = ("🤖", "modèle-<b>*été*</b>-🐝|x")
    return [
        _request(**day, user_id=ann, cost_usd="0"),
        _request(**day, user_id=ann, cost_usd=None),
        _request(**day, user_id=bob, cost_usd="99", cache_hit=True),
        _request(**day, user_id=bob, model=emoji, cost_usd="0.000000000001"),
        _request(**day, user_id=bob, model=emoji, cost_usd=None, tokens_output_text=None),
        _request(**day, user_id=None, session_id=SESSION, cost_usd="1.23"),
        _request(**day, user_id=None, session_id=SESSION, cost_usd="0.77", model=emoji),
        # A person with a single request.
        _request(**day, user_id="one-request-👤", user_name="Zoë 👤 O'Neil"),
        _request(**day, user_id=ann, status="cancelled", tokens_output_text=0, cost_usd=None),
    ]


def _giants(ann: str) -> list[dict[str, Any]]:
    return [
        _request(
            started_at="2026-10-31T23:59:59Z",
            user_id=ann,
            tokens_input_uncached=1_000_000_000,
            tokens_cache_read=400_000_000,
            cost_usd="3456.789012345678",
            latency_s=1000,
        )
    ]


def _request(model: tuple[str, str] = GPT, **fields: Any) -> dict[str, Any]:
    provider, name = model
    return event(provider=provider, model=name, source="sdk", team=None) | {
        "cost_usd": "0.01",
        **fields,
    }
