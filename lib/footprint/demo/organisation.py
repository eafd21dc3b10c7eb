"""The rule that makes a year of an organisation out of one hour of a real LLM service.

Real, from the Azure LLM inference trace 2023 (conversation; CC-BY 4.0, Patel et al., "Splitwise",
ISCA 2024; see data/ATTRIBUTION.md):

- the token counts: every pair of context and generated tokens, in the trace's order, none left out
  and none made up. The whole trace of 19,366 requests is laid end to end six times (`TILES`), which
  gives 116,196 requests;
- the pattern of arrivals within the hour: each request keeps its minute, second and microsecond.

Synthetic, from a generator with a fixed seed (`SEED`):

- date and hour: the hours of the period share the requests by growth, weekday, office hours and the
  holidays at the end of the year (`footprint.demo.calendar`); which requests of a tile fall into
  which of its hours is shuffled, so that an hour holds a sample of the whole hour of the trace;
- the people (forty in five teams, the n-th of them asks 1/n^0.8 as much as the first; some joined
  during the year) and the requests of nobody in particular (4 %);
- the models (eight of four providers, by the team's preferences; some came into use during the
  year) and those of a model of the house that no price list knows (1.2 %);
- how the real counts split: a part of long contexts read from or written to the provider's cache
  (steps of 128 tokens), and a part of the generated tokens as reasoning where the model reasons.
  The parts always add up to the real count;
- failures: 2.5 % of the requests were preceded by an attempt that failed without a token; further
  cancelled ones (0.4 %) and answers from the gateway's cache (1 %), latencies, tags, trust of the
  attribution.

Costs are LiteLLM's list prices of these models for these tokens, impacts are estimated like any
other. The same day gives the same organisation, to the last digit.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, Final, TypeVar

from footprint.demo.calendar import Period, hours_of, period_before
from footprint.demo.models import (
    GPT_4O,
    MODELS,
    OWN_MODEL,
    PREFERENCES,
    TAGS,
    UNNAMED_PREFERENCES,
    Model,
)
from footprint.demo.people import PEOPLE, SUPPORT, Person
from footprint.demo.trace import Arrival, read_trace
from footprint.event import Status, UsageEvent, event_id
from footprint.ingest.pricing import PriceMap

SEED: Final = 20231116
TILES: Final = 6
ZIPF: Final = 0.8
UNNAMED_SHARE: Final = 0.04
OWN_MODEL_SHARE: Final = 0.012
FAILURE_SHARE: Final = 0.025
CANCELLED_SHARE: Final = 0.004
GATEWAY_CACHE_SHARE: Final = 0.01
TAGGED_SHARE: Final = 0.6
STREAMED_SHARE: Final = 0.7
CACHE_READ_SHARE: Final = 0.4
CACHE_WRITE_SHARE: Final = 0.1
# What providers ask of a prompt before they cache it, and the steps in which they count.
CACHED_FROM_TOKENS: Final = 1024
CACHE_STEP_TOKENS: Final = 128

_ERRORS: Final = (("RateLimitError", "429"), ("Timeout", "408"), ("InternalServerError", "500"))
_ERROR_WEIGHTS: Final = (60, 25, 15)

T = TypeVar("T")


class Choice:
    """Picks by weight. Only `Random.random` is used, which Python keeps the same for ever."""

    def __init__(self, items: Sequence[T], weights: Sequence[float]) -> None:
        self._items: Sequence[Any] = items
        self._reached = list(accumulate(weights))

    def __call__(self, rng: Random) -> Any:
        """Return one item."""
        return self._items[bisect(self._reached, rng.random() * self._reached[-1])]


_RANKS: Final = [1 / rank**ZIPF for rank in range(1, len(PEOPLE) + 1)]
_ANYBODY: Final = Choice(PEOPLE, _RANKS)
_FOUNDERS: Final = Choice(
    PEOPLE, [w * (p.joined == 0) for p, w in zip(PEOPLE, _RANKS, strict=True)]
)
_MODELS: Final = {team: Choice(MODELS, weights) for team, weights in PREFERENCES.items()}
_UNNAMED: Final = Choice(MODELS, UNNAMED_PREFERENCES)
_ERROR: Final = Choice(_ERRORS, _ERROR_WEIGHTS)


@dataclass(frozen=True, slots=True)
class _Request:
    """One request of a tile, before it is told who asked what."""

    call_id: str
    started_at: datetime
    arrival: Arrival
    month: int


def requests_before(today: date, prices: PriceMap) -> Iterator[UsageEvent]:
    """Yield the organisation's requests of the twelve months before `today` and of its own month.

    In the order of the tiles, each by time; about 119,000, always the same for the same day and
    price map.
    """
    period = period_before(today)
    trace = read_trace()
    hours = hours_of(period, TILES * len(trace))
    for tile in range(TILES):
        rng = Random(f"{SEED}/{tile}")
        part = hours[tile * len(trace) : (tile + 1) * len(trace)]
        for request in _tile(tile, part, trace, period, rng):
            for event in _attempts(request, rng):
                yield prices.priced(event)


def _tile(
    tile: int, hours: list[datetime], trace: Sequence[Arrival], period: Period, rng: Random
) -> list[_Request]:
    """Give each request of the trace one of the tile's hours; return them by time."""
    shuffled = hours.copy()
    rng.shuffle(shuffled)
    found = [
        _Request(
            f"demo-{tile}-{row}", hour + arrival.in_hour, arrival, period.month_of(hour.date())
        )
        for row, (hour, arrival) in enumerate(zip(shuffled, trace, strict=True))
    ]
    found.sort(key=lambda request: request.started_at)
    return found


def _attempts(request: _Request, rng: Random) -> Iterator[UsageEvent]:
    """Yield the request, before it the attempt that failed where there was one."""
    person = _person(request.month, rng)
    model = _model(person, request.month, rng)
    who = _attribution(person)
    tags = _tags(person, rng)
    if rng.random() < FAILURE_SHARE:
        error_class, error_code = _ERROR(rng)
        yield _event(
            request,
            model,
            "failure",
            _before(request.started_at, 1 + 20 * rng.random()),
            **who,
            tags=tags,
            error_class=error_class,
            error_code=error_code,
            latency_s=round(0.2 + 2 * rng.random(), 3),
        )
    status: Status = "cancelled" if rng.random() < CANCELLED_SHARE else "success"
    yield _event(
        request,
        model,
        status,
        request.started_at,
        **who,
        tags=tags,
        **_tokens(request.arrival, model, rng),
        **_speed(request.arrival, model, rng),
    )


def _before(moment: datetime, seconds: float) -> datetime:
    """Return so many seconds earlier, but not in an earlier hour."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return max(hour, moment - timedelta(seconds=seconds))


def _event(
    request: _Request, model: Model, status: Status, started_at: datetime, **fields: Any
) -> UsageEvent:
    return UsageEvent(
        event_id=event_id(request.call_id, status, started_at),
        started_at=started_at,
        litellm_call_id=request.call_id,
        trace_id=request.call_id,
        provider=model.provider,
        model=model.name,
        status=status,
        source="demo",
        **fields,
    )


def _person(month: int, rng: Random) -> Person | None:
    if rng.random() < UNNAMED_SHARE:
        return None
    person: Person = _ANYBODY(rng)
    if person.joined > month:
        person = _FOUNDERS(rng)
    return person


def _model(person: Person | None, month: int, rng: Random) -> Model:
    if rng.random() < OWN_MODEL_SHARE:
        return OWN_MODEL
    model: Model = (_MODELS[person.team] if person else _UNNAMED)(rng)
    return model if model.since <= month else GPT_4O


def _attribution(person: Person | None) -> dict[str, Any]:
    if person is None:
        return {}
    return {
        "user_id": person.user_id,
        "user_email": person.email,
        "user_name": person.name,
        "team": person.team,
        # Support works through a chat front end that names its users; the rest have keys.
        "attribution": "declared" if person.team == SUPPORT else "verified",
    }


def _tags(person: Person | None, rng: Random) -> tuple[str, ...]:
    if person is None:
        return ("scheduled",)
    if rng.random() >= TAGGED_SHARE:
        return ()
    tags = TAGS[person.team]
    return (tags[math.floor(rng.random() * len(tags))],)


def _tokens(arrival: Arrival, model: Model, rng: Random) -> dict[str, Any]:
    """Split the real counts into classes that add up to them."""
    context, generated = arrival.context_tokens, arrival.generated_tokens
    read = written = reasoning = 0
    kind, share = rng.random(), rng.random()
    if context >= CACHED_FROM_TOKENS and model.provider in ("openai", "anthropic", "gemini"):
        part = int(context * (0.25 + 0.65 * share)) // CACHE_STEP_TOKENS * CACHE_STEP_TOKENS
        if kind < CACHE_READ_SHARE:
            read = part
        elif model.provider == "anthropic" and kind < CACHE_READ_SHARE + CACHE_WRITE_SHARE:
            written = part
    if model.reasons:
        reasoning = int(generated * (0.2 + 0.5 * rng.random()))
    return {
        "tokens_input_uncached": context - read - written,
        "tokens_cache_read": read,
        "tokens_cache_write": written,
        "tokens_output_text": generated - reasoning,
        "tokens_reasoning": reasoning,
        "cache_hit": rng.random() < GATEWAY_CACHE_SHARE,
    }


def _speed(arrival: Arrival, model: Model, rng: Random) -> dict[str, Any]:
    first = (0.25 + arrival.context_tokens / 12_000) * (0.6 + 0.9 * rng.random())
    rest = arrival.generated_tokens / model.tokens_per_s * (0.7 + 0.7 * rng.random())
    streamed = rng.random() < STREAMED_SHARE
    return {
        "stream": streamed,
        "time_to_first_token_s": round(first, 3) if streamed else None,
        "latency_s": round(first + rest, 3),
    }
