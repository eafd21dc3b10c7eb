"""What an entry of LiteLLM's price map says a request costs. Pure; USD, exact.

As LiteLLM's own calculator reads it (litellm/litellm_core_utils/llm_cost_calc/utils.py, 1.110),
with what that leaves open said instead of guessed: a tier of service, a search or a session that
the entry has no price for makes the cost unknown, where LiteLLM bills the usual price, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from footprint.event import UsageEvent

NO_PRICE: Final = "unknown: no price for this model"
NO_USAGE: Final = "unknown: no usage reported"
UNREAD: Final = "unknown: usage that was not understood"
NO_TIER: Final = "unknown: no price for this tier of service"
NO_TOOL: Final = "unknown: no price for a tool that was used"

# Tier of service → how LiteLLM ends the names of its prices.
_SUFFIXES: Final = {
    "flex": "_flex",
    "priority": "_priority",
    "fast": "_priority",
    "balanced": "_balanced",
    "ultrafast": "_ultrafast",
    "batch": "_batches",
}
_OTHER_SUFFIXES: Final = ("_flex", "_priority", "_balanced", "_ultrafast", "_fast", "_batches")
_INPUT: Final = "input_cost_per_token"
_OUTPUT: Final = "output_cost_per_token"
_READ: Final = "cache_read_input_token_cost"
_WRITE: Final = "cache_creation_input_token_cost"
_WRITE_1H: Final = "cache_creation_input_token_cost_above_1hr"
_REASONING: Final = "output_cost_per_reasoning_token"
_ABOVE: Final = re.compile(
    rf"(?:{_INPUT}|{_OUTPUT}|{_READ}|{_WRITE})_above_(\d+)(k?)_tokens(_[a-z]+)?"
)
_NOT_BY_TOKEN: Final = re.compile(r"(?:input|output)_cost_per_(?!.*token)\w+")
# Modes whose tokens are billed by the token; embeddings have no output.
_BY_TOKEN: Final = frozenset(
    {
        *("chat", "completion", "responses", "embedding", "realtime"),
        *("audio_transcription", "audio_speech", "image_generation", "image_edit"),
    }
)
# What else a mode is billed by: the unit, and LiteLLM's names of its price, the first found counts.
_BY_UNIT: Final = {
    "audio_transcription": ("audio_seconds", ("output_cost_per_second", "input_cost_per_second")),
    "audio_speech": ("characters", ("input_cost_per_character",)),
    "rerank": ("search_units", ("input_cost_per_query",)),
    "ocr": ("pages", ("ocr_cost_per_page",)),
    "image_generation": ("images", ("output_cost_per_image", "input_cost_per_image")),
    "image_edit": ("images", ("output_cost_per_image", "input_cost_per_image")),
    "video_generation": ("video_seconds", ("output_cost_per_second",)),
}
# Fireworks bills cached input at half its input price unless it says otherwise; LiteLLM adds this
# in litellm/llms/fireworks_ai/cache_pricing.py, not in the map.
_FIREWORKS_CACHE_READ: Final = Decimal("0.5")
_XAI_SEARCH: Final = Decimal("0.005")  # litellm/llms/xai/cost_calculator.py
_OPENAI_FILE_SEARCH: Final = Decimal("0.0025")  # litellm/constants.py
_GEMINI: Final = frozenset({"gemini", "vertex_ai"})
_DAYS: Final = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)


class Priced(NamedTuple):
    """What a request costs in USD, what of it is for tools, and why it is unknown where it is."""

    cost_usd: Decimal | None
    tools_usd: Decimal | None = None
    reason: str | None = None


class _Rates(NamedTuple):
    input: Decimal
    read: Decimal
    write: Decimal
    write_1h: Decimal
    output: Decimal
    reasoning: Decimal


class Price:
    """What a model costs.

    Args:
        entry: of LiteLLM's price map.
        session_usd: what its provider takes for a session of its code interpreter; None: not known.
    """

    def __init__(self, entry: Mapping[str, Any], session_usd: Decimal | None = None) -> None:
        self._entry = entry
        self._session_usd = session_usd
        self._provider = family(entry)
        self._mode = entry.get("mode") or "chat"
        self._tiers = [t for t in entry.get("tiered_pricing") or () if len(t.get("range", ())) == 2]
        self._tiers.sort(key=lambda tier: tier["range"][0])
        self._above = sorted(
            {
                (int(found[1]) * (1000 if found[2] else 1), f"{found[1]}{found[2]}", found[3] or "")
                for key, value in entry.items()
                if value is not None and (found := _ABOVE.fullmatch(key))
            }
        )
        self._remembered: dict[tuple[str, int, bool], _Rates] = {}
        # Tokens at 0 beside a price by the image or the second: what it costs is not said by them.
        self._is_otherwise_billed = any(
            value and _NOT_BY_TOKEN.fullmatch(name) for name, value in entry.items()
        )
        self.has_token_price = self._mode in _BY_TOKEN and (
            bool(self._tiers) or entry.get(_INPUT) is not None
        )
        if self.has_token_price and self._mode in ("chat", "completion", "responses"):
            self.has_token_price = "input_cost_per_request" not in entry and (
                bool(self._tiers) or entry.get(_OUTPUT) is not None
            )

    def of(self, event: UsageEvent) -> Priced:
        """Return what a request costs, by what it used."""
        tools, reason = self._tools(event)
        if reason is not None:
            return Priced(None, None, reason)
        unit = _BY_UNIT.get(self._mode, ("",))[0]
        if unit in event.quantities and not (event.tokens_input or event.tokens_output):
            found = self._unit(event)
        else:
            found = self._tokens(event)
        if found.cost_usd is None or not tools:
            return found
        return Priced(found.cost_usd + tools, tools)

    def _tokens(self, event: UsageEvent) -> Priced:
        if not self.has_token_price:
            return self._unit(event)
        if event.tokens_input_uncached is None or (
            event.tokens_output_text is None and self._mode != "embedding"
        ):
            return Priced(None, None, NO_USAGE)
        tier = event.service_tier or ("batch" if event.call_type == "batch" else None)
        suffix, multiplier = self._suffix(tier, event)
        if suffix is None:
            return Priced(None, None, NO_TIER)
        rates = self._rates(suffix, event.tokens_input, self._is_off_peak(event.started_at))
        geo = self._entry.get("provider_specific_entry") or {}
        if event.region in geo and self._provider == "anthropic":
            multiplier *= _decimal(geo[event.region])
        cost = self._read(event, rates, suffix) + self._made(event, rates, suffix)
        if not cost and self._is_otherwise_billed:
            return Priced(None, None, NO_PRICE)
        return Priced(cost if multiplier is _ONE else cost * multiplier)

    def _read(self, event: UsageEvent, rates: _Rates, suffix: str) -> Decimal:
        quantities = event.quantities
        left = event.tokens_input_uncached or 0
        read, write = event.tokens_cache_read or 0, event.tokens_cache_write or 0
        cost = _ZERO
        if quantities:
            heard = min(int(quantities.get("audio_cached_tokens", 0)), read)
            if heard:
                cost += heard * self._own("cache_read_input_audio_token_cost", suffix, rates.read)
                read -= heard
            for medium, cached in (("audio", heard), ("image", 0), ("video", 0)):
                new = int(quantities.get(f"{medium}_input_tokens", 0)) - cached
                if (new := min(new, left)) > 0:
                    name = f"input_cost_per_{medium}_token"
                    cost += new * self._own(name, suffix, rates.input)
                    left -= new
            if self._provider == "perplexity" and (cited := quantities.get("citation_tokens")):
                cost += cited * self._own("citation_cost_per_token", "", _ZERO)
        if self._provider == "perplexity":
            left, read = left + read, 0
        hour = min(int(quantities.get("cache_write_1h_tokens", 0)), write) if quantities else 0
        cost += left * rates.input
        if read:
            cost += read * rates.read
        if write:
            cost += (write - hour) * rates.write + hour * rates.write_1h
        return cost

    def _made(self, event: UsageEvent, rates: _Rates, suffix: str) -> Decimal:
        left = event.tokens_output_text or 0
        thought = event.tokens_reasoning
        cost = thought * rates.reasoning if thought else _ZERO
        for medium in ("audio", "image", "video") if event.quantities else ():
            made = min(int(event.quantities.get(f"{medium}_output_tokens", 0)), left)
            if made > 0:
                # Tiers other than a batch have none of their own.
                ending = suffix if suffix == "_batches" else ""
                name = f"output_cost_per_{medium}_token"
                cost += made * self._own(name, ending, rates.output)
                left -= made
        return cost + left * rates.output

    def _unit(self, event: UsageEvent) -> Priced:
        """Return the cost of what is not billed by the token."""
        unit, names = _BY_UNIT.get(self._mode, ("", ()))
        amount = event.quantities.get(unit)
        if amount is None:
            return Priced(None, None, NO_USAGE if names else NO_PRICE)
        tier = event.service_tier or ("batch" if event.call_type == "batch" else None)
        suffix = "" if tier is None else _SUFFIXES.get(tier)
        if any(
            key.startswith(f"{names[0]}_") and not key.endswith(_OTHER_SUFFIXES)
            for key in self._entry
        ):
            # By size or resolution, which an event does not say.
            return Priced(None, None, NO_PRICE)
        prices = [] if suffix is None else [self._entry.get(name + suffix) for name in names]
        found = [price for price in prices if price is not None]
        if not found:
            return Priced(None, None, NO_PRICE if tier is None else NO_TIER)
        rate = next((value for value in found if value), found[0])
        return Priced(Decimal(amount) * _decimal(rate))

    def _tools(self, event: UsageEvent) -> tuple[Decimal, str | None]:
        """Return what tools cost, or why that is not known."""
        quantities = event.quantities
        cost = _ZERO
        if not quantities:
            return cost, None
        if searches := quantities.get("web_searches"):
            rate = self._search_rate()
            if rate is None:
                return cost, NO_TOOL
            by_prompt = self._provider in _GEMINI and "claude" not in event.model
            if by_prompt and self._entry.get("web_search_billing_unit") != "per_query":
                searches = 1
            cost += searches * rate
        if sessions := quantities.get("code_sessions"):
            own = self._entry.get("code_interpreter_cost_per_session")
            rate = self._session_usd if own is None else _decimal(own)
            if rate is None:
                return cost, NO_TOOL
            cost += sessions * rate
        if searches := quantities.get("file_searches"):
            own = self._entry.get("file_search_cost_per_1k_calls")
            if own is None and self._provider != "openai":
                return cost, NO_TOOL
            cost += searches * (_OPENAI_FILE_SEARCH if own is None else _decimal(own))
        return cost, None

    def _search_rate(self) -> Decimal | None:
        listed = self._entry.get("search_context_cost_per_query") or {}
        sizes = ("low", "medium", "high") if self._provider == "perplexity" else ("medium", "low")
        for size in sizes:
            value = listed.get(f"search_context_size_{size}")
            if value is not None:
                return _decimal(value)
        return _XAI_SEARCH if self._provider == "xai" else None

    def _suffix(self, tier: str | None, event: UsageEvent) -> tuple[str | None, Decimal]:
        """Return how the prices of a tier are named, and what all of them are multiplied by."""
        if tier is None:
            return "", _ONE
        special = self._entry.get("provider_specific_entry") or {}
        if tier == "fast" and "fast" in special:
            return "", _decimal(special["fast"])
        suffix = _SUFFIXES.get(tier)
        if suffix == "_batches" or (suffix and self._entry.get(_INPUT + suffix) is not None):
            return suffix, _ONE
        return None, _ONE

    def _rates(self, suffix: str, tokens_input: int, off_peak: bool) -> _Rates:
        inclusive = self._provider == "xai"  # Bills the higher tier from the threshold on.
        step = sum(1 for limit, _, _ in self._above if tokens_input > limit - inclusive)
        if self._tiers:
            step = self._tier_at(tokens_input)
        key = suffix, step, off_peak
        found = self._remembered.get(key)
        if found is None:
            if self._tiers:
                found = self._tiered(self._tiers[step])
            elif suffix == "_batches":
                found = self._of_batch(step)
            else:
                found = self._flat(suffix, step)
            if off_peak:
                found = self._with_off_peak(found)
            self._remembered[key] = found
        return found

    def _tier_at(self, tokens_input: int) -> int:
        for n, tier in enumerate(self._tiers):
            if tokens_input <= tier["range"][1]:
                return n
        return len(self._tiers) - 1

    def _tiered(self, tier: Mapping[str, Any]) -> _Rates:
        entry = {_OUTPUT: self._entry.get(_OUTPUT, 0), **tier}
        given, made = _decimal(entry.get(_INPUT) or 0), _decimal(entry[_OUTPUT] or 0)
        write = _or(entry.get(_WRITE), given)
        hour = _or(entry.get(_WRITE_1H), write) or write
        return _Rates(
            given, _or(entry.get(_READ), given), write, hour, made, _or(entry.get(_REASONING), made)
        )

    def _flat(self, suffix: str, step: int) -> _Rates:
        """Return the rates of a tier of service, at so many thresholds passed."""
        given, made, read, write = (
            self._stepped(name, suffix, step) for name in (_INPUT, _OUTPUT, _READ, _WRITE)
        )
        rate_in = _ZERO if given is None else given
        rate_out = _ZERO if made is None else made
        if not rate_out:
            rate_out = _or(self._entry.get("output_cost_per_image_token"), rate_out)
        if read is None:
            half = self._provider == "fireworks_ai"
            read = rate_in * _FIREWORKS_CACHE_READ if half else rate_in
        write = rate_in if write is None else write
        hour = self._entry.get(_WRITE_1H)
        for _, written, ending in self._above[:step]:
            own = self._entry.get(f"{_WRITE_1H}_above_{written}_tokens{ending}")
            hour = hour if own is None else own
        reasoning = self._entry.get(_REASONING + suffix) if suffix else None
        if reasoning is None and not (suffix and self._entry.get(_OUTPUT + suffix) is not None):
            reasoning = self._entry.get(_REASONING)
        if self._provider == "xai":
            reasoning = None
        return _Rates(rate_in, read, write, _or(hour, write), rate_out, _or(reasoning, rate_out))

    def _stepped(self, name: str, suffix: str, step: int) -> Decimal | None:
        value = self._entry.get(name + suffix)
        if value is None and suffix:
            value = self._entry.get(name)
        for _, written, ending in self._above[:step]:
            if ending not in ("", suffix):
                continue
            own = self._entry.get(f"{name}_above_{written}_tokens{suffix}")
            if own is None:
                own = self._entry.get(f"{name}_above_{written}_tokens")
            value = value if own is None else own
        return None if value is None else _decimal(value)

    def _of_batch(self, step: int) -> _Rates:
        """Return the rates of a batch: its own, else half the usual ones."""
        usual = self._flat("", step)
        rate_in = self._batched(_INPUT, step)
        rate_out = self._batched(_OUTPUT, step)
        made = usual.output / 2 if rate_out is None else rate_out
        if rate_in is None:
            return _Rates(
                usual.input / 2, usual.read / 2, usual.write / 2, usual.write_1h / 2, made, made
            )
        read, write = self._batched(_READ, step), self._batched(_WRITE, step)
        write = rate_in if write is None else write
        return _Rates(rate_in, rate_in if read is None else read, write, write, made, made)

    def _batched(self, name: str, step: int) -> Decimal | None:
        value = self._entry.get(f"{name}_batches")
        for _, written, _ in self._above[:step]:
            own = self._entry.get(f"{name}_above_{written}_tokens_batches")
            value = value if own is None else own
        return None if value is None else _decimal(value)

    def _with_off_peak(self, rates: _Rates) -> _Rates:
        block = self._entry["off_peak_pricing"]
        made = _or(block.get(_OUTPUT), rates.output)
        follows = rates.reasoning == rates.output and self._entry.get(_REASONING) is None
        return _Rates(
            _or(block.get(_INPUT), rates.input),
            _or(block.get(_READ), rates.read),
            _or(block.get(_WRITE), rates.write),
            rates.write_1h,
            made,
            _or(block.get(_REASONING), made if follows else rates.reasoning),
        )

    def _is_off_peak(self, at: datetime) -> bool:
        block = self._entry.get("off_peak_pricing")
        if not isinstance(block, Mapping):
            return False
        moment = at.astimezone(UTC)
        if _is_within(block.get("hours_utc"), moment):
            return True
        day = moment.astimezone(_calendar(block.get("weekday_timezone"))).isoweekday()
        return any(
            _is_within(rule.get("hours_utc"), moment)
            and ("weekdays" not in rule or day in map(_weekday, rule["weekdays"]))
            for rule in block.get("windows") or ()
        )

    def _own(self, name: str, suffix: str, otherwise: Decimal) -> Decimal:
        """Return a medium's own rate of a tier, else its usual one, of a batch half of it."""
        value = self._entry.get(name + suffix)
        if value is None and suffix and (usual := self._entry.get(name)) is not None:
            return _decimal(usual) / 2 if suffix == "_batches" else _decimal(usual)
        return _or(value, otherwise)


def read_price(entry: Mapping[str, Any], session_usd: Decimal | None = None) -> Price | None:
    """Return the price in an entry of LiteLLM's map; None where it has none that is known here."""
    price = Price(entry, session_usd)
    names = _BY_UNIT.get(entry.get("mode") or "", ("", ()))[1]
    by_unit = any(entry.get(name) is not None for name in names)
    return price if price.has_token_price or by_unit else None


def family(entry: Mapping[str, Any]) -> str | None:
    """Return the provider of an entry, as LiteLLM names it in a request."""
    name = entry.get("litellm_provider")
    if not isinstance(name, str):
        return None
    if name.startswith("vertex_ai-"):
        return "vertex_ai"
    return _FAMILIES.get(name, name)


# LiteLLM's `litellm_provider` where it differs from the `custom_llm_provider` of a request.
_FAMILIES: Final = {
    "bedrock_converse": "bedrock",
    "text-completion-openai": "openai",
    "azure_text": "azure",
}


def _decimal(value: Any) -> Decimal:
    # By way of its text: the map's 2.5e-06 means exactly that, not the nearest binary number.
    return Decimal(str(value))


def _or(value: Any, otherwise: Decimal) -> Decimal:
    return otherwise if value is None else _decimal(value)


def _calendar(name: Any) -> tzinfo:
    """Return the time zone that weekdays are read in; UTC where it is not known here."""
    try:
        return ZoneInfo(str(name)) if name else UTC
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC


def _weekday(value: Any) -> int | None:
    return value if isinstance(value, int) else _DAYS.get(str(value).strip().lower()[:3])


def _is_within(windows: Any, moment: datetime) -> bool:
    """Tell whether a time of day lies in a window, such as ``16:30-00:30``."""
    now = f"{moment:%H:%M}"
    listed: Iterable[Any] = (windows,) if isinstance(windows, str) else windows or ()
    for window in listed:
        start, dash, end = str(window).replace(" ", "").partition("-")
        if not dash:
            continue
        if start < end:
            if start <= now < end:
                return True
        elif now >= start or now < end:
            return True
    return False
