"""What the records lack and whether the sums are right; for admins, never cached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from footprint.auth import Me
from footprint.data.client import rpc
from footprint.data.period import Period

# What `unpriced_parts` calls the tokens of text; what is no unit has a space.
TEXT_TOKENS: Final = "text tokens"


@dataclass(frozen=True)
class Unpriced:
    """A model with requests that have no price, and the days they are of."""

    provider: str
    model: str
    requests: int
    tokens: int
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Part:
    """Requests of a model without a price that are of one tier and billed by the same.

    Attributes:
        tier: of service; None for the usual one.
        billed_by: `TEXT_TOKENS` and units of `footprint.event.UNITS`; empty where nothing says it.
            Alone, a reason: not ended, several models, not understood.
        amount: of the unit, where it is one and nothing else; None otherwise.
        tokens_cache_write_1h: tokens written to a cache for an hour, which have their own price.
    """

    tier: str | None
    billed_by: tuple[str, ...]
    requests: int
    tokens: int
    amount: Decimal | None
    tokens_cache_write_1h: int

    @property
    def is_text(self) -> bool:
        """Whether text tokens alone bill it."""
        return self.billed_by == (TEXT_TOKENS,)

    @property
    def unit(self) -> str | None:
        """The unit that alone bills it; None where it is tokens, several, or nobody knows."""
        return self.billed_by[0] if self.amount is not None else None


@dataclass(frozen=True)
class Prices:
    """USD for a million tokens of each class; reasoning costs as output does.

    Without a price for them, requests that wrote to a cache for an hour are left.
    """

    usd_per_m_in: float
    usd_per_m_cache_read: float
    usd_per_m_cache_write: float
    usd_per_m_out: float
    usd_per_m_cache_write_1h: float | None = None


@dataclass(frozen=True)
class UnitPrice:
    """USD for one of a unit, for requests without tokens that it alone bills."""

    unit: str
    usd_per_unit: Decimal


@dataclass(frozen=True)
class Priced:
    """What a price makes of a model's requests without one.

    Attributes:
        requests: how many it prices.
        left: how many of its kind, with tokens or without, stay without a price.
        reasons: why, and how many each: `another tier`, `tokens unknown`, `nothing said`, what
            `Part.billed_by` may hold alone, or a unit that has no price; one may have several.
        more: whether another call would price more; what is left is counted by the last.
    """

    requests: int
    tokens: int
    cost_usd: Decimal
    cost_eur: Decimal
    left: int
    reasons: Mapping[str, int]
    more: bool


@dataclass(frozen=True)
class Unattributed:
    """Requests of nobody: how many in all, and what the newest of them say.

    ``sessions`` has a row a session, the most requests first. Columns: session_id, requests,
    tokens, cost_eur (None: unknown), first_at, last_at (UTC).
    """

    requests: int
    sampled: int
    without_session: int
    sessions: pd.DataFrame


@dataclass(frozen=True)
class Source:
    """What one kind of sender sent, of all time; moments are UTC."""

    name: str
    last_event_at: datetime | None
    last_received_at: datetime
    requests: int
    duplicates: int
    rejected: int


@dataclass(frozen=True)
class Rejection:
    """A reason for which requests of a source were refused in the last 30 days."""

    source: str
    reason: str
    count: int
    last_at: datetime
    example: str


@dataclass(frozen=True)
class Flagged:
    """What was cut, not understood or put right in requests of a source in the last 30 days."""

    source: str
    flag: str
    count: int
    last_at: datetime


@dataclass(frozen=True)
class Arrivals:
    """What became of what was sent: the sources, why requests were refused, what was flagged."""

    sources: tuple[Source, ...]
    rejections: tuple[Rejection, ...]
    flags: tuple[Flagged, ...] = ()


@dataclass(frozen=True)
class CheckedDay:
    """A day or month of the rollups that was compared with what it is made from.

    ``differences`` has, by rollup, how many rows are not as they must be.
    """

    day: date
    differences: Mapping[str, int]

    @property
    def is_right(self) -> bool:
        """Whether nothing differs."""
        return not any(self.differences.values())


def unpriced_models(me: Me) -> list[Unpriced]:
    """Return the models with requests that have no price, the most tokens first."""
    return [
        Unpriced(
            row["provider"],
            row["model"],
            int(row["requests"]),
            int(row["tokens"]),
            date.fromisoformat(row["first_day"]),
            date.fromisoformat(row["last_day"]),
        )
        for row in rpc(me.session, "unpriced_models")
    ]


def unpriced_parts(me: Me, model: Unpriced) -> tuple[list[Part], bool]:
    """Return what bills a model's unpriced requests, the most requests first.

    The second value tells whether there are so many requests that only a sample was read.
    """
    answer = rpc(me.session, "unpriced_parts", _named(model))
    parts = [
        Part(
            row["tier"],
            tuple(row["billed_by"]),
            int(row["requests"]),
            int(row["tokens"]),
            None if row["amount"] is None else Decimal(row["amount"]),
            int(row["tokens_cache_write_1h"]),
        )
        for row in answer["parts"]
    ]
    return parts, bool(answer["cut"])


def preview_prices(
    me: Me, model: Unpriced, prices: Prices | UnitPrice, source: str, tier: str | None = None
) -> Priced:
    """Return what a price would make of a model's unpriced requests of a tier; store nothing."""
    return _price(me, model, prices, {"p_source": source, "p_tier": tier, "p_apply": False})


def apply_prices(
    me: Me, model: Unpriced, prices: Prices | UnitPrice, source: str, tier: str | None = None
) -> Iterator[int]:
    """Price a model's unpriced requests for good; yield how many were done after each batch."""
    done = 0
    while True:
        batch = _price(me, model, prices, {"p_source": source, "p_tier": tier, "p_apply": True})
        done += batch.requests
        yield done
        if not (batch.more and batch.requests):
            return


def unattributed_requests(me: Me) -> Unattributed:
    """Return the requests that belong to nobody."""
    answer = rpc(me.session, "unattributed_requests")
    columns = ["session_id", "requests", "tokens", "cost_eur", "first_at", "last_at"]
    sessions = pd.DataFrame(answer["sessions"], columns=columns)
    for name in ("requests", "tokens", "cost_eur"):
        sessions[name] = pd.to_numeric(sessions[name])
    for name in ("first_at", "last_at"):
        sessions[name] = pd.to_datetime(sessions[name], utc=True, format="ISO8601")
    return Unattributed(
        int(answer["requests"]), int(answer["sampled"]), int(answer["without_session"]), sessions
    )


def arrivals(me: Me) -> Arrivals:
    """Return what became of what was sent, the latest first."""
    answer = rpc(me.session, "ingest_quality")
    sources = (
        Source(
            row["source"],
            datetime.fromisoformat(row["last_event_at"]) if row["last_event_at"] else None,
            datetime.fromisoformat(row["last_received_at"]),
            *(int(row[name]) for name in ("requests", "duplicates", "rejected")),
        )
        for row in answer["sources"]
    )
    rejections = (
        Rejection(
            row["source"],
            row["reason"],
            int(row["count"]),
            datetime.fromisoformat(row["at"]),
            row["example"] or "",
        )
        for row in answer["rejections"]
    )
    flags = (
        Flagged(row["source"], row["flag"], int(row["count"]), datetime.fromisoformat(row["at"]))
        for row in answer["flags"]
    )
    return Arrivals(tuple(sources), tuple(rejections), tuple(flags))


def check_rollups(me: Me, period: Period) -> Iterator[CheckedDay]:
    """Compare the rollups with the requests, a day at a time, then each month with its days."""
    days = [period.first + timedelta(days=n) for n in range(period.length)]
    for day in days:
        yield _checked(day, rpc(me.session, "check_rollup_day", {"p_day": day.isoformat()}))
    for month in sorted({day.replace(day=1) for day in days}):
        call = {"p_month": month.isoformat()}
        yield _checked(month, rpc(me.session, "check_rollup_month", call))


def rebuild_rollup_day(me: Me, day: date) -> None:
    """Work a day of the rollups out anew from its requests, then its month and the totals."""
    rpc(me.session, "rebuild_rollup_day", {"p_day": day.isoformat()})


def _checked(day: date, answer: Mapping[str, Any]) -> CheckedDay:
    return CheckedDay(day, {name: int(count) for name, count in answer.items()})


def _named(model: Unpriced) -> dict[str, object]:
    return {"p_provider": model.provider, "p_model": model.model}


def _price(
    me: Me, model: Unpriced, prices: Prices | UnitPrice, how: Mapping[str, object]
) -> Priced:
    call = _named(model) | dict(how)
    if isinstance(prices, Prices):
        name = "price_unpriced"
        call |= {f"p_{rate}": value for rate, value in asdict(prices).items()}
    else:
        name = "price_unpriced_unit"
        call |= {"p_unit": prices.unit, "p_usd_per_unit": str(prices.usd_per_unit)}
    answer = rpc(me.session, name, call)
    return Priced(
        int(answer["requests"]),
        int(answer["tokens"]),
        Decimal(answer["cost_usd"]),
        Decimal(answer["cost_eur"]),
        int(answer["left"] or 0),
        {reason: int(count) for reason, count in answer["reasons"].items()},
        bool(answer["more"]),
    )
