"""Costs of 0 that nobody set, and what an admin decides about them; never cached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from footprint.auth import Me
from footprint.data.client import rpc


@dataclass(frozen=True)
class ZeroPriced:
    """A model with requests that cost 0 though nobody set that price.

    Attributes:
        first_day: of the first of them.
        last_day: of the last.
        sources: where the zeros came from, as far as it is known.
    """

    provider: str
    model: str
    requests: int
    tokens: int
    first_day: date
    last_day: date
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Decided:
    """What a decision about a model's zeros concerns.

    Attributes:
        requests: how many it is about, or has just changed.
        days: on how many days.
        first_day: the first of those; None where there are none.
        last_day: the last.
        more: whether another call would change more.
    """

    requests: int
    tokens: int
    days: int
    first_day: date | None
    last_day: date | None
    more: bool


def zero_priced_models(me: Me) -> list[ZeroPriced]:
    """Return the models whose zeros nobody has decided about, the most tokens first."""
    return [
        ZeroPriced(
            row["provider"],
            row["model"],
            int(row["requests"]),
            int(row["tokens"]),
            date.fromisoformat(row["first_day"]),
            date.fromisoformat(row["last_day"]),
            tuple(row["price_sources"] or ()),
        )
        for row in rpc(me.session, "zero_priced_models")
    ]


def preview_zeros(me: Me, model: ZeroPriced) -> Decided:
    """Return which requests become unknown where the model is not free; nothing is stored."""
    return _decide(me, model, is_free=False, apply=False)


def call_free(me: Me, model: ZeroPriced) -> int:
    """Store that 0 is the model's price; return how many requests stay at 0."""
    return _decide(me, model, is_free=True, apply=True).requests


def make_unknown(me: Me, model: ZeroPriced) -> Iterator[int]:
    """Make the model's zeros unknown for good; yield how many were done after each batch."""
    done = 0
    while True:
        batch = _decide(me, model, is_free=False, apply=True)
        done += batch.requests
        yield done
        if not (batch.more and batch.requests):
            return


def _decide(me: Me, model: ZeroPriced, *, is_free: bool, apply: bool) -> Decided:
    call: dict[str, Any] = {"p_provider": model.provider, "p_model": model.model}
    answer = rpc(me.session, "decide_zero_price", call | {"p_is_free": is_free, "p_apply": apply})
    first, last = answer["first_day"], answer["last_day"]
    return Decided(
        int(answer["requests"]),
        int(answer["tokens"]),
        int(answer["days"]),
        date.fromisoformat(first) if first else None,
        date.fromisoformat(last) if last else None,
        bool(answer["more"]),
    )
