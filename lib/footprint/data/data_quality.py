"""What the records lack and whether the sums are right; for admins, never cached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from footprint.auth import Me
from footprint.data.client import rpc
from footprint.data.period import Period


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
class Prices:
    """USD for a million tokens of each class; reasoning costs as output does."""

    usd_per_m_in: float
    usd_per_m_cache_read: float
    usd_per_m_cache_write: float
    usd_per_m_out: float


@dataclass(frozen=True)
class Priced:
    """What a price makes of a model's requests without one.

    Attributes:
        requests: how many it prices.
        left: how many stay without a price.
        more: whether another call would price some of those.
    """

    requests: int
    tokens: int
    cost_usd: Decimal
    cost_eur: Decimal
    left: int
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


def preview_prices(me: Me, model: Unpriced, prices: Prices, source: str) -> Priced:
    """Return what a price would make of a model's unpriced requests; nothing is stored."""
    return _price(me, model, prices, source, apply=False)


def apply_prices(me: Me, model: Unpriced, prices: Prices, source: str) -> Iterator[int]:
    """Price a model's unpriced requests for good; yield how many were done after each batch."""
    done = 0
    while True:
        batch = _price(me, model, prices, source, apply=True)
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


def _price(me: Me, model: Unpriced, prices: Prices, source: str, *, apply: bool) -> Priced:
    call = {"p_provider": model.provider, "p_model": model.model, "p_source": source}
    rates = {f"p_{name}": value for name, value in asdict(prices).items()}
    answer = rpc(me.session, "price_unpriced", call | rates | {"p_apply": apply})
    return Priced(
        int(answer["requests"]),
        int(answer["tokens"]),
        Decimal(answer["cost_usd"]),
        Decimal(answer["cost_eur"]),
        int(answer["left"]),
        bool(answer["more"]),
    )
