"""An organisation with every kind of request in it: three months of eight people and of nobody.

Days are Berlin's: September 2026, October with the night of 25 hours, November, and the edges of all three.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from house import Database, event
from web import ROLES, email

ZONE = "Europe/Berlin"
MONTHS = (date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1))
# The four with accounts, and who is known by name alone; None is nobody.
GUESTS = {"cy": "research", "dee": "R#D", "eve": None, "=gil": "sales"}
TEAMS = {"ann": "research", "bob": "R#D", "ada": "sales", "fin": None} | GUESTS
SESSION, JOB, CALL = "a chat of later", "batch:0123456789", "a call without an end"
UNPRICED, ZERO, UNKNOWN_MODEL = "to-be-priced", "zero-of-nobody", "nobody-knows"

NOTHING: dict[str, Any] = {
    **dict.fromkeys(("tokens_input_uncached", "tokens_cache_read", "tokens_cache_write")),
    **dict.fromkeys(("tokens_output_text", "tokens_reasoning")),
}
NO_TOKENS = dict.fromkeys(NOTHING, 0)
_ALL_CLASSES = {
    "tokens_input_uncached": 1001,
    "tokens_cache_read": 3007,
    "tokens_cache_write": 53,
    "tokens_output_text": 211,
    "tokens_reasoning": 77,
}
_MARKET = {"provider": "gemini", "model": "gemini-2.5-flash"}
_IMAGE = {"model": "gpt-image-1", "call_type": "image_generation"}
_SPEECH = {"model": "tts-1", "call_type": "speech", **NOTHING}
_OCR = {"provider": "mistral", "model": "mistral-ocr", "call_type": "ocr", **NOTHING}
_RERANK = {"provider": "cohere", "model": "rerank-v3", "call_type": "rerank", **NO_TOKENS}
_HEARD = {"model": "whisper-1", "call_type": "transcription", **NOTHING}
_REFUSED = {"status": "failure", "error_class": "RateLimitError", **NOTHING}
_ZERO = {"provider": "acme", "model": ZERO, "cost_usd": "0", "price_source": "litellm 1.80.0"}
_NOBODY_SET = "unknown: a zero that nobody set"


def _in(currency: str, cost: str) -> dict[str, Any]:
    return {"cost_usd": None, "reported_cost": cost, "reported_currency": currency}


# What may come, as far as it differs from a usual request.
KINDS: tuple[dict[str, Any], ...] = (
    {**_ALL_CLASSES, "cost_usd": "0.012345678901", "latency_s": "1.234567"},
    {"cost_usd": "9999999.999999999999", "latency_s": "0.000001"},
    {"cost_usd": "0.000000000001", "tags": ["a", "=b"]},
    {"cost_usd": None, "tags": ["a"], "latency_s": "3"},
    {"model": UNPRICED, "cost_usd": None, **_ALL_CLASSES},
    {"model": UNPRICED, "cost_usd": None, **NOTHING},
    {"model": UNKNOWN_MODEL, "cost_usd": "0.07"},
    {"model": "=SUM(A1)", "provider": "", "cost_usd": "0.3", "tags": ["x" * 150]},
    {"model": "=SUM(A1)", "provider": "Unknown", "cost_usd": None},
    {"model": "GPT-4o", "cost_usd": "0.004"},
    # Zeros: stated, found to be nobody's, and one that an admin is still to decide about.
    {"model": "free", "cost_usd": "0", "price_source": "router, a price of 0"},
    {"model": "free", "cost_usd": None, "price_source": _NOBODY_SET},
    _ZERO,
    {**_ZERO, "cost_usd": "0.2"},
    {**_ZERO, "tokens_cache_read": 9, "tags": ["a"]},
    # Without tokens, with a cost and without.
    {**_SPEECH, "cost_usd": "0.018", "quantities": {"characters": 1200}},
    {**_SPEECH, "cost_usd": None, "quantities": {"characters": 7}},
    {**_IMAGE, **NO_TOKENS, "cost_usd": "0.04", "quantities": {"images": 2}},
    {**_IMAGE, **NO_TOKENS, "cost_usd": None},
    {**_OCR, "cost_usd": "0.002", "quantities": {"pages": 3}},
    {**_OCR, "cost_usd": None, "tags": ["only-unknown"]},
    {**_RERANK, "cost_usd": "0", "price_source": "router, a price of 0"},
    {**_RERANK, "cost_usd": "0.002", "quantities": {"searches": 1}},
    {**_RERANK, "cost_usd": None},
    {**_HEARD, "cost_usd": "0.006", "quantities": {"audio_seconds": 12.5}},
    {**_HEARD, "cost_usd": None},
    {"model": "only-a-cost", "cost_usd": "1.5", **NOTHING},
    {"model": "text-embedding-3-small", "call_type": "embedding", "tokens_output_text": None},
    # What did not end well.
    {**_REFUSED, "cost_usd": "0", "price_source": "not billed: refused", "latency_s": "0.1"},
    {**_REFUSED, "cost_usd": None},
    {**_REFUSED, "cost_usd": "0.01", "model": "refused-and-billed"},
    {**_REFUSED, "cost_usd": "0", "model": "only-refused"},
    {"status": "failure", "cost_usd": None, "error_class": "APIError", "tokens_estimated": True},
    {"status": "failure", "cost_usd": "0.003", "error_class": "APIError"},
    {"status": "cancelled", "cost_usd": "0.001", "tokens_estimated": True, "latency_s": "9"},
    {"status": "cancelled", "cost_usd": None, **NOTHING},
    {"status": "abandoned", "cost_usd": None, **NOTHING, "model": "abandoned-model"},
    # The gateway's own cache, whatever its sender says of a cost.
    {"cache_hit": True, "cost_usd": "5", **_ALL_CLASSES, "tags": ["a"]},
    {"cache_hit": True, "cost_usd": None, "latency_s": "0.01"},
    {"cache_hit": True, "cost_usd": "0", "model": "only-cached"},
    {"cache_hit": True, **_in("EUR", "3"), "model": "only-cached"},
    # What is not weighed, or weighed by another figure.
    {"quantities": {"audio_input_tokens": 100}, "cost_usd": "0.05", "model": "gpt-4o-audio"},
    {"flags": ["tokens_unread"], "cost_usd": "0.01"},
    {"flags": ["unread: usage.more", "tokens_from_total"], "cost_usd": "0.011"},
    {**_MARKET, "cost_usd": "0.0007"},
    {**_MARKET, "cost_usd": None, "grid_zone": "FRA"},
    {"region": "eu-west-3", "provider": "bedrock", "model": "claude-sonnet-4-5", "cost_usd": "0.5"},
    # Tiers, tools, other currencies.
    {"service_tier": "flex", "cost_usd": "0.00225"},
    {"service_tier": "batch", "cost_usd": "0.002250000001", "model_group": "cheap"},
    {"cost_usd": "0.0345", "cost_tools_usd": "0.03", "quantities": {"web_searches": 3}},
    _in("EUR", "5.00"),
    _in("EUR", "0.000000000001"),
    _in("EUR", "0") | {"model": "free-in-euros"},
    _in("CNY", "36.6") | {"tags": ["yuan"]},
    _in("CNY", "0.000007") | NOTHING | {"model": "yuan-without-tokens"},
    _in("USD", "3.3"),
    # Nobody's, until a session is mapped; and by its address that of somebody who will be erased.
    {"user_id": None, "session_id": SESSION, "cost_usd": "0.9"},
    {"user_id": None, "session_id": SESSION, "cost_usd": None, "team": "sales"},
    {"user_id": None, "user_email": "dee@example.net", "cost_usd": "0.8"},
)


def tell_everything(database: Database) -> dict[str, str]:
    """Store everything through ingest; return the user ids by name."""
    _settle(database)
    people = {
        name: str(
            database.one("select user_id from public.user_profiles where email = %s", [email(name)])
        )
        for name in ROLES
    } | {name: name for name in GUESTS}
    for name, team in TEAMS.items():
        if name in ROLES:
            database.execute(
                "update public.user_profiles set team = %s where user_id = %s",
                [team, people[name]],
            )
    for month in MONTHS:
        send(database, *_of_month(month, people))
    return people


def send(database: Database, *events: dict[str, Any]) -> None:
    """Send events by a key of the organisation, as a gateway does."""
    key = database.make_key()
    call = "select public.ingest_request_logs(%s::jsonb)"
    with database.acting("anonymous", {"x-ingest-key": key}) as connection:
        row = connection.execute(call, [json.dumps(events)]).fetchone()
    assert row is not None
    assert row[0]["rejected"] == [] == row[0]["changed"], row[0]


def ended(people: Mapping[str, str]) -> dict[str, Any]:
    """Return the event with which the open job of October ends."""
    return _job("2026-10-07T10:30:00Z", people, **_ALL_CLASSES, cost_usd="0.00142")


def end_of_call(people: Mapping[str, str]) -> dict[str, Any]:
    """Return the end of the call of October that was given up."""
    return event(
        user_id=people["bob"],
        litellm_call_id=CALL,
        started_at="2026-10-08T09:59:59Z",
        latency_s="900",
        cost_usd="0.25",
    )


def _settle(database: Database) -> None:
    """Days are Berlin's; a dollar has a rate since 20 September, a yuan since August."""
    database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'reporting_timezone'",
        [ZONE],
    )
    dollars = {"2026-09-20": "0.9137", "2026-10-14": "0.87", "2026-11-02": "0.8551"}
    yuan = {"CNY": {"2026-08-31": "0.1283", "2026-10-10": "0.12345678901234567890"}}
    database.one("select private.set_fx_rates(%s, 'test')", [json.dumps(dollars)])
    database.one("select private.set_currency_rates(%s, 'test')", [json.dumps(yuan)])


def _of_month(month: date, people: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield every kind, each of two people and on two days, then what is on the edges."""
    names = [*people, None]
    for place, kind in enumerate(KINDS):
        for turn in range(2):
            name = names[(place * 2 + turn + month.month) % len(names)]
            day, hour = (place * 5 + turn * 3) % 14 + 1, (place + turn * 11) % 24
            mine = {"user_id": people[name], "team": TEAMS[name]} if name else {"user_id": None}
            at = f"{month:%Y-%m}-{day:02d}T{hour:02d}:17:42.123456Z"
            yield _event(month, f"{place} {turn}", **(mine | {"started_at": at} | kind))
    for place, at in enumerate(_edges(month)):
        who = people["ann"] if place % 2 else None
        cost = f"0.00{place + 1}0000000{place}"
        yield _event(month, f"edge {place}", started_at=at, user_id=who, cost_usd=cost)
    if month == MONTHS[1]:
        yield _job("2026-10-07T10:00:00Z", people, flags=["job_open"])
        for part, more in (("made", {"flags": ["job_open"]}), ("done", {"cost_usd": "0.4"})):
            told = {**NOTHING, "cost_usd": None, "user_id": people["cy"], "job_id": "video:1"}
            yield _event(month, part, **(told | more))
        yield _event(
            month,
            CALL,
            **NOTHING,
            user_id=people["bob"],
            litellm_call_id=CALL,
            status="abandoned",
            cost_usd=None,
            started_at="2026-10-08T10:00:00Z",
        )


def _edges(month: date) -> tuple[str, ...]:
    """Return the first and last moment of a month in Berlin, and those of a night of 25 hours."""
    if month == MONTHS[0]:
        return ("2026-08-31T22:00:00Z", "2026-09-30T21:59:59.999999Z")
    if month == MONTHS[1]:
        return (
            *("2026-09-30T22:00:00Z", "2026-10-31T22:59:59.999999Z"),
            *("2026-10-24T21:59:59.999999Z", "2026-10-24T22:00:00Z"),
            *("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
            *("2026-10-25T22:59:59.999999Z", "2026-10-25T23:00:00Z"),
        )
    return ("2026-10-31T23:00:00Z", "2026-11-14T22:59:59.999999Z", "2026-11-14T23:00:00Z")


def _job(at: str, people: Mapping[str, str], **more: Any) -> dict[str, Any]:
    told = {**NOTHING, "cost_usd": None, "user_id": people["cy"], "job_id": JOB, "started_at": at}
    return _event(MONTHS[1], f"{JOB} {at}", **(told | more))


def _event(month: date, name: str, **fields: Any) -> dict[str, Any]:
    """Return an event whose id is the same in every run."""
    return event(event_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{month} {name}")), **fields)
