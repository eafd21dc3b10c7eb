"""What a dry run tells of a file: models, period, people, before anything is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from footprint.event import UsageEvent
from footprint.impact.engine import NO_FACTOR
from footprint.impact.estimation import estimate

SHOWN: Final = 20


@dataclass
class _Model:
    requests: int = 0
    tokens: int = 0
    priced: int = 0
    cost_usd: Decimal = field(default_factory=Decimal)


class Overview:
    """Adds up the events of a file by model."""

    def __init__(self) -> None:
        self._models: dict[str, _Model] = {}
        self._unknown: set[str] = set()
        self._statuses: Counter[str] = Counter()
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._unattributed = 0
        self._in_sessions = 0
        self._divided = 0

    def add(self, event: UsageEvent) -> None:
        """Take an event into account."""
        name = f"{event.provider}/{event.model}" if event.provider else event.model
        if name not in self._models:
            self._models[name] = _Model()
            if _has_no_factor(event):
                self._unknown.add(name)
        model = self._models[name]
        model.requests += 1
        model.tokens += event.tokens_input + event.tokens_output
        if event.cost_usd is not None:
            model.priced += 1
            model.cost_usd += event.cost_usd
        self._statuses[event.status] += 1
        started_at = event.started_at
        self._first = started_at if self._first is None else min(self._first, started_at)
        self._last = started_at if self._last is None else max(self._last, started_at)
        if event.user_id is None:
            self._unattributed += 1
            self._in_sessions += event.session_id is not None
        self._divided += event.source == "import" and "aggregated" in event.tags

    def lines(self) -> Iterator[str]:
        """Yield what was met, in lines for people."""
        if self._first is None or self._last is None:
            return
        yield f"Period: {self._first:%Y-%m-%d %H:%M} to {self._last:%Y-%m-%d %H:%M} UTC."
        ended = ", ".join(f"{n:,} {status}" for status, n in self._statuses.most_common())
        yield f"Requests: {ended}."
        if self._divided:
            yield f"{self._divided:,} of them are shares of aggregated usage, and say so."
        if self._unattributed:
            mapped = f", {self._in_sessions:,} of them name a session" if self._in_sessions else ""
            yield f"{self._unattributed:,} will belong to nobody: they name no person{mapped}."
        yield ""
        ranked = sorted(self._models.items(), key=lambda item: -item[1].requests)
        yield f"{'model':<44} {'requests':>10} {'tokens':>15} {'USD':>12}"
        for name, model in ranked[:SHOWN]:
            cost = f"{model.cost_usd:,.2f}" if model.priced else "unknown"
            more = "+?" if 0 < model.priced < model.requests else ""
            yield f"{name[:44]:<44} {model.requests:>10,} {model.tokens:>15,} {cost + more:>12}"
        if len(ranked) > SHOWN:
            yield f"and {len(ranked) - SHOWN} more models"
        if self._unknown:
            yield ""
            names = sorted(self._unknown)
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            yield f"No impact factor is known for: {', '.join(names[:SHOWN])}{more}."


def _has_no_factor(event: UsageEvent) -> bool:
    found = estimate(event.provider or "", event.model, 1, 1)
    return found.impact.reason == NO_FACTOR
