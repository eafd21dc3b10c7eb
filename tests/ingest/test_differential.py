"""One request, whatever it is reported by: the same tokens and the same cost, LiteLLM's own.

2,000 requests are made up: models of every kind of the price map, counts, tiers, hours. Each is
written down as some API, SDK or trace would, and comes in by the callback, over HTTP, in a JSONL
file and in a table. Where our cost is not LiteLLM's, a difference with a reason must say so.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from footprint.api import bodies
from footprint.event import TOKENS, UsageEvent
from footprint.ingest.importers import ImportJob, import_file
from footprint.ingest.mapping import Instructions
from footprint.ingest.normalise import LitellmCall, normalise
from footprint.ingest.pricing import price_map
from footprint.ingest.rates import family
from usage_forms import FORMS, Form, Used

CASES: Final = 2000
# One under which every difference below happens by itself.
SEED: Final = 2
ORACLE: Final = Path(__file__).with_name("litellm_oracle.py")
CALL_TYPES: Final = {
    "embedding": "embedding",
    "audio_transcription": "transcription",
    "audio_speech": "speech",
    "image_generation": "image_generation",
    "image_edit": "image_edit",
    "responses": "responses",
}
TIERS: Final = ("flex", "priority", "batch")
# Around where long contexts begin to cost more, and far from it.
SIZES: Final = (
    *(127_999, 128_000, 128_001, 199_999, 200_000, 200_001, 256_001, 271_999, 272_000, 272_001),
    *(512_001, 900_000),
)
# What few models are priced by: they are asked more often.
_RARE: Final = frozenset(
    {
        *("off_peak_pricing", "tiered_pricing", "output_cost_per_audio_token"),
        *("cache_read_input_audio_token_cost", "input_cost_per_audio_token"),
    }
)
_UNUSUAL: Final = re.compile("_above_|_priority$|_flex$")
FIRST: Final = datetime(2026, 10, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A request: what it used, of which model, and how it is written down."""

    number: int
    form: str
    key: str
    provider: str
    mode: str
    used: Used
    tier: str | None
    at: datetime

    @property
    def shape(self) -> Form:
        """How it is written down."""
        return FORMS[self.form]

    @cached_property
    def entry(self) -> Mapping[str, Any]:
        """What the price map has of its model."""
        return price_map().entries[self.key]

    @property
    def usage(self) -> dict[str, Any]:
        """The usage object."""
        return self.shape.write(self.used)

    @property
    def call_type(self) -> str:
        """The kind of request."""
        return CALL_TYPES.get(self.mode, "chat")

    @property
    def row(self) -> dict[str, Any]:
        """The request as a line of a file."""
        if self.form == "langfuse":
            return {
                "id": str(self.number),
                "traceId": "t",
                "type": "GENERATION",
                "startTime": self.at.isoformat(),
                "model": self.key,
                "usageDetails": self.usage,
            }
        holder = self.shape.holder
        said = {
            "call_id": str(self.number),
            "timestamp": self.at.isoformat(),
            "provider": self.provider,
            "model": self.key,
            "call_type": self.call_type,
            "service_tier": self.tier,
        }
        return said | ({holder: self.usage} if holder else self.usage)


def made_up() -> list[Case]:
    """Return the requests, always the same."""
    dice = random.Random(SEED)
    models = _models()
    names = list(FORMS)
    found: list[Case] = []
    while len(found) < CASES:
        form = names[len(found) % len(names)]
        shape = FORMS[form]
        groups = models[form]
        if not groups:
            raise AssertionError(f"the price map has no model for {form}")
        provider = dice.choice(list(groups))
        key = dice.choice(groups[provider])
        entry = price_map().entries[key]
        # Langfuse keeps no tier; a bill's tiers are of models that answer in text.
        tier = dice.choice(TIERS) if dice.random() < 0.3 and form != "langfuse" else None
        at = FIRST + timedelta(minutes=dice.randrange(60 * 24 * 50))
        mode = entry.get("mode") or "chat"
        used = _used(dice, shape)
        if used.speed == "fast":
            tier = None  # What is fast is no other tier.
        found.append(Case(len(found), form, key, provider, mode, used, tier, at))
    return found


def _models() -> dict[str, dict[str, list[str]]]:
    """Return form → provider → models that are priced by what they use."""
    prices = price_map()
    found: dict[str, dict[str, list[str]]] = {name: defaultdict(list) for name in FORMS}
    for key, entry in sorted(prices.entries.items()):
        provider = family(entry)
        mode = entry.get("mode") or "chat"
        price = prices.find(*prices.identify(provider, key))
        if provider is None or price is None or not price.has_token_price:
            continue
        if key.startswith(("together-ai-", "fireworks-ai-", f"{provider}/{provider}/")):
            continue  # Classes of size; names of which LiteLLM takes one half away.
        if provider == "github_copilot":
            continue  # LiteLLM would log in to ask for a price.
        for name, form in FORMS.items():
            if mode in form.modes and form.model in key and provider in (form.of or (provider,)):
                found[name][provider].append(key)
                if any(price in _RARE or _UNUSUAL.search(price) for price in entry):
                    found[name][provider].extend([key] * 5)
    return found


def _used(dice: random.Random, form: Form) -> Used:
    """Throw what a request used, of what its form has a place for."""
    says = form.says
    most = 4_000 if dice.random() < 0.6 else dice.choice(SIZES)
    given = most if most > 4_000 else dice.randint(1, most)
    counts: dict[str, Any] = {}
    left = given
    for name in ("audio_in", "image_in", "video_in", "read", "write_5m", "write_1h"):
        if name in says and left > 1 and dice.random() < 0.45:
            counts[name] = dice.randint(1, left)
            left -= counts[name]
    counts["text_in"] = left
    if "read_audio" in says and counts.get("read") and dice.random() < 0.5:
        counts["read_audio"] = dice.randint(1, counts["read"])
    if "no_output" not in says:
        counts["text_out"] = dice.randint(1, 2_000)
        for name in ("audio_out", "image_out", "reasoning"):
            if name in says and dice.random() < 0.4:
                counts[name] = dice.randint(1, 3_000)
    if "searches" in says and dice.random() < 0.4:
        counts["searches"] = dice.randint(1, 5)
    if "geo" in says:
        geo, speed = dice.choice((None, "us", "global")), dice.choice((None, "standard", "fast"))
        return Used(**counts, geo=geo, speed=speed)
    return Used(**counts)


class Ways(NamedTuple):
    """The events of one request, by the way it came in."""

    callback: UsageEvent
    payload: UsageEvent
    report: UsageEvent
    lines: UsageEvent
    table: UsageEvent

    @property
    def ours(self) -> tuple[UsageEvent, UsageEvent, UsageEvent]:
        """Those that are priced here."""
        return self.report, self.lines, self.table


class Found(NamedTuple):
    """What a request became on its ways in, and what LiteLLM says of it."""

    case: Case
    ways: Ways
    litellm_usd: float | None
    error: str | None


def asked(cases: list[Case]) -> list[dict[str, Any]]:
    """Return what LiteLLM makes of each request."""
    written = [
        {
            "key": case.key,
            "provider": case.provider,
            "mode": case.mode,
            "by": case.shape.by or "openai",
            # Where LiteLLM meets no such form, it is told the same in its own.
            "usage": case.usage if case.shape.by else FORMS["litellm"].write(case.used),
            "tier": case.tier,
            "at": case.at.isoformat(),
        }
        for case in cases
    ]
    done = subprocess.run(
        [sys.executable, ORACLE],
        input=json.dumps(written),
        env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def by_callback(payload: dict[str, Any]) -> UsageEvent:
    call = LitellmCall({"standard_logging_object": payload})
    event = normalise(call, raw_prices=price_map().entries.get)
    assert event is not None
    return event


def by_payload(payload: dict[str, Any]) -> UsageEvent:
    encoded = bodies.litellm_event(json.loads(json.dumps(payload), parse_float=Decimal))
    assert encoded is not None
    return UsageEvent.from_json(json.loads(encoded[1], parse_float=Decimal))


def by_report(case: Case) -> UsageEvent:
    body = {
        "id": str(case.number),
        "ts": case.at.isoformat(),
        "model": case.key,
        "provider": case.provider,
        "usage": case.usage,
        "call_type": case.call_type,
    }
    if case.tier:
        body["service_tier"] = case.tier
    [item] = bodies.items_of(json.dumps(body).encode())
    _, line = bodies.usage_events("sender", None)(item)
    return UsageEvent.from_json(json.loads(line, parse_float=Decimal))


def by_files(cases: list[Case], folder: Path) -> Iterator[dict[int, UsageEvent]]:
    """Yield the events of JSONL files, then of tables: one a form, as exports are."""
    for ending, write in (("jsonl", _lines), ("csv", _table)):
        found: dict[int, UsageEvent] = {}
        for name in FORMS:
            of_form = [case for case in cases if case.form == name]
            path = folder / f"{name.replace(' ', '_')}.{ending}"
            path.write_text(write([case.row for case in of_form]))
            events: list[UsageEvent] = []
            job = ImportJob(path, Instructions(), folder / "rejects.csv", folder / "data")
            tally = import_file(job, price_map(), None, observe=events.append)
            assert tally.rejected == 0, (folder / "rejects.csv").read_text()
            numbers = [case.number for case in of_form]
            found.update(zip(numbers, events, strict=True))
        yield found


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _table(rows: list[dict[str, Any]]) -> str:
    """Write rows as a table: nested names joined by dots, lists and Langfuse's usage as JSON."""
    flat = [dict(_flat(row, "")) for row in rows]
    out = io.StringIO()
    columns = list(dict.fromkeys(name for row in flat for name in row))
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


def _flat(row: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict) and name != "usageDetails":
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield (
                f"{prefix}{name}",
                json.dumps(value) if isinstance(value, (dict, list)) else value,
            )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """What each request became."""
    cases = made_up()
    answers = asked(cases)
    lines, table = by_files(cases, tmp_path_factory.mktemp("files"))
    return [
        Found(
            case,
            Ways(
                by_callback(answer["payload"]),
                by_payload(answer["payload"]),
                by_report(case),
                lines[case.number],
                table[case.number],
            ),
            answer["cost"],
            answer["error"],
        )
        for case, answer in zip(cases, answers, strict=True)
    ]


class Difference(NamedTuple):
    """Why our cost is not LiteLLM's, and of which requests that is to be expected."""

    reason: str
    applies: Callable[[Found], bool]


def _lacks(case: Case, *names: str) -> bool:
    return all(case.entry.get(name) is None for name in names)


def _has_no_price_of_its_tier(found: Found) -> bool:
    case = found.case
    return case.tier in ("flex", "priority") and _lacks(case, f"input_cost_per_token_{case.tier}")


def _is_fast_without_a_price(found: Found) -> bool:
    case = found.case
    special = case.entry.get("provider_specific_entry") or {}
    return (
        case.used.speed == "fast"
        and "fast" not in special
        and _lacks(case, "input_cost_per_token_priority")
    )


def _searched_without_a_price(found: Found) -> bool:
    case = found.case
    priced = case.entry.get("search_context_cost_per_query")
    return case.used.searches > 0 and not priced and case.provider != "xai"


def _passed_a_threshold(case: Case) -> bool:
    limits = [
        int(name.rpartition("_above_")[2].partition("k_")[0]) * 1000
        for name, value in case.entry.items()
        if value is not None and name.startswith("input_cost_per_token_above_")
    ]
    return any(case.used.given >= limit for limit in limits)


def _has_media(used: Used) -> bool:
    return bool(used.audio_in or used.image_in or used.video_in or used.audio_out or used.image_out)


def _is_a_batch_at_half(found: Found) -> bool:
    case, used = found.case, found.case.used
    return (
        case.tier == "batch"
        and _lacks(case, "input_cost_per_token_batches")
        and bool(
            (used.read and _lacks(case, "cache_read_input_token_cost"))
            or _has_media(used)
            or (used.read and case.provider == "perplexity")
            or used.write_1h
            or (used.write and case.entry.get("cache_creation_input_token_cost") == 0)
            or _passed_a_threshold(case)
            or "tiered_pricing" in case.entry
            or not case.entry.get("output_cost_per_token")
        )
    )


def _is_a_batch_of_media(found: Found) -> bool:
    case = found.case
    return (
        case.tier == "batch"
        and not _lacks(case, "input_cost_per_token_batches")
        and (_has_media(case.used) or case.used.read_audio > 0)
    )


_WITHOUT_TIERS: Final = frozenset({"fireworks_ai", "xai", "deepseek", "perplexity", "dashscope"})
DIFFERENCES: Final = (
    Difference(
        "the map has no price for this tier of service: unknown; LiteLLM bills the usual price",
        _has_no_price_of_its_tier,
    ),
    Difference(
        "the map has no price for what is fast: unknown; LiteLLM bills the usual price",
        _is_fast_without_a_price,
    ),
    Difference(
        "the map has no price for a search of this model: unknown; LiteLLM bills nothing for it",
        _searched_without_a_price,
    ),
    Difference(
        "LiteLLM bills one search of Claude on Azure, however many there were, none included",
        lambda found: (
            found.case.provider == "azure_ai"
            and found.case.form == "anthropic"
            and found.case.used.searches != 1
        ),
    ),
    Difference(
        "LiteLLM's cost of a batch leaves out tools, and what inferring in the USA costs more",
        lambda found: (
            found.case.tier == "batch"
            and (found.case.used.searches > 0 or found.case.used.geo == "us")
        ),
    ),
    Difference(
        "a batch without prices of its own: half of what it costs otherwise; LiteLLM halves the flat"
        " rates of text, and takes 0 for what was cached, or has prices in tiers",
        _is_a_batch_at_half,
    ),
    Difference(
        "audio and images of a batch: half of their price; LiteLLM bills them as text",
        _is_a_batch_of_media,
    ),
    Difference(
        "LiteLLM's reading of Gemini forgets which of the cached tokens were of audio",
        lambda found: found.case.shape.by == "gemini" and found.case.used.read_audio > 0,
    ),
    Difference(
        "LiteLLM's calculator for Perplexity knows no long contexts; the map does",
        lambda found: found.case.provider == "perplexity" and _passed_a_threshold(found.case),
    ),
    Difference(
        "LiteLLM reads no price of audio of a tier; the map has some",
        lambda found: (
            found.case.used.audio_in > 0
            and f"input_cost_per_audio_token_{found.case.tier}" in found.case.entry
            and found.case.tier != "batch"
        ),
    ),
    Difference(
        "LiteLLM's calculators for some providers know no tiers of service; the map does",
        lambda found: (
            found.case.tier in ("flex", "priority")
            and found.case.provider in _WITHOUT_TIERS
            and not _has_no_price_of_its_tier(found)
        ),
    ),
    Difference(
        "tokens at 0 beside a price by the image: unknown; LiteLLM says 0",
        lambda found: (
            found.litellm_usd == 0
            and bool(found.case.entry.get("output_cost_per_image"))
            and not found.case.entry.get("output_cost_per_token")
        ),
    ),
    Difference(
        "LiteLLM does not find the model under its provider's name",
        lambda found: (
            (found.error is not None and "isn't mapped" in found.error)
            or (found.case.tier == "batch" and found.litellm_usd == 0)
        ),
    ),
)


def _is_equal(ours: Decimal | None, theirs: float | None) -> bool:
    if ours is None or theirs is None:
        return False
    return abs(float(ours) - theirs) <= 1e-12 + 1e-9 * abs(theirs)


def _shown(found: Found, event: UsageEvent) -> str:
    case = found.case
    return (
        f"#{case.number} {case.form}, {case.key}, {case.tier}, {case.at:%H:%M}: {case.used}:"
        f" {event.cost_usd} ({event.price_source}), LiteLLM {found.litellm_usd} {found.error or ''}"
    )


def test_the_requests_are_of_every_form_mode_and_price(found: list[Found]) -> None:
    cases = [each.case for each in found]
    assert len(cases) == CASES
    assert {case.form for case in cases} == FORMS.keys()
    assert {case.mode for case in cases} >= CALL_TYPES.keys() - {"image_edit"}
    assert len({case.provider for case in cases}) > 40
    assert len({case.key for case in cases}) > 900
    counted = Counter(case.tier for case in cases)
    assert min(counted[tier] for tier in (*TIERS, None)) > 100
    assert sum(_passed_a_threshold(case) for case in cases) > 50
    assert sum("off_peak_pricing" in case.entry for case in cases) > 20
    for name in ("audio_in", "image_in", "video_in", "read_audio", "audio_out", "image_out"):
        assert sum(getattr(case.used, name) > 0 for case in cases) > 10, name


@pytest.mark.parametrize("way", ["report", "lines", "table", "callback", "payload"])
def test_tokens_are_what_was_meant_whichever_way_they_come(found: list[Found], way: str) -> None:
    wrong = []
    for each in found:
        event: UsageEvent = getattr(each.ways, way)
        tokens = tuple(getattr(event, name) or 0 for name in TOKENS)
        if tokens != tuple(each.case.used.tokens):
            wrong.append((_shown(each, event), tokens))
    assert wrong == []


@pytest.mark.parametrize("way", ["report", "lines", "table", "callback", "payload"])
def test_so_is_whatever_else_was_used(found: list[Found], way: str) -> None:
    wrong, forgotten = [], 0
    for each in found:
        event: UsageEvent = getattr(each.ways, way)
        meant = each.case.used.quantities
        if way in ("callback", "payload") and each.case.shape.by == "gemini":
            # LiteLLM takes cached audio out of the audio, and names it nowhere.
            forgotten += meant.pop("audio_cached_tokens", 0) > 0
            meant["audio_input_tokens"] = each.case.used.audio_in
            meant = {unit: n for unit, n in meant.items() if n}
        if dict(event.quantities) != meant:
            wrong.append((_shown(each, event), dict(event.quantities), meant))
    assert wrong == []
    assert (forgotten > 0) == (way in ("callback", "payload"))


@pytest.mark.parametrize("way", ["report", "lines", "table", "callback", "payload"])
def test_nothing_is_left_unread_and_the_tier_is_kept(found: list[Found], way: str) -> None:
    wrong = []
    for each in found:
        event: UsageEvent = getattr(each.ways, way)
        unread = [flag for flag in event.flags if flag.startswith(("unread", "tokens_"))]
        tier = event.service_tier or ("batch" if event.call_type == "batch" else None)
        meant = "fast" if each.case.used.speed == "fast" else each.case.tier
        if unread or tier != meant:
            wrong.append((_shown(each, event), unread, tier))
    assert wrong == []


def test_the_cost_is_the_same_over_http_and_from_either_file(found: list[Found]) -> None:
    different = [
        _shown(each, event)
        for each in found
        for event in each.ways.ours[1:]
        if (event.cost_usd, event.cost_tools_usd, event.price_source)
        != (
            each.ways.report.cost_usd,
            each.ways.report.cost_tools_usd,
            each.ways.report.price_source,
        )
    ]
    assert different == []


def test_the_cost_is_litellms_own_but_for_listed_reasons(found: list[Found]) -> None:
    counted: Counter[str] = Counter()
    unexplained = []
    for each in found:
        event = each.ways.report
        if _is_equal(event.cost_usd, each.litellm_usd):
            continue
        reasons = [it.reason for it in DIFFERENCES if it.applies(each)]
        if len(reasons) == 1:
            counted.update(reasons)
        if not reasons:
            unexplained.append(_shown(each, event))
    assert unexplained == []
    # A reason that nothing needs is none.
    assert {it.reason for it in DIFFERENCES} - counted.keys() == set()
    assert sum(_is_equal(each.ways.report.cost_usd, each.litellm_usd) for each in found) > 1500


def test_the_callback_takes_litellms_cost_or_says_that_there_is_none(found: list[Found]) -> None:
    unknown: Counter[str | None] = Counter()
    for each in found:
        callback, payload = each.ways.callback, each.ways.payload
        assert (callback.cost_usd, callback.price_source) == (
            payload.cost_usd,
            payload.price_source,
        )
        if not _is_equal(callback.cost_usd, each.litellm_usd):
            # LiteLLM writes 0 where it has no price; no other cost of its is left out.
            assert callback.cost_usd is None and not each.litellm_usd, _shown(each, callback)
            unknown[callback.price_source] += 1
    assert 0 < sum(unknown.values()) < CASES / 20
