"""What a request used, from usage in any form: the one place that knows how others count.

Forms differ in names, and in two conventions: whether input contains what was read from and written
to a cache (OpenAI: yes, Anthropic: no), and whether output contains reasoning (OpenAI: yes, Gemini
and xAI: no). The total that a source states decides; without one, the names and sizes of the counts
do. Whatever a source counted and this module does not know is named, never dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from footprint.event import MAX_TOKENS, UNITS
from footprint.ingest import loose
from footprint.ingest.usage_names import IS_USAGE, plain_name, role_of

TOTAL_ONLY: Final = "tokens_from_total"
TOKENS_UNREAD: Final = "tokens_unread"
UNREAD: Final = "unread: "
MAX_STREAM_TEXT: Final = 200_000
MAX_UNREAD: Final = 10
_MAX_WORD: Final = 40
_MAX_FIELDS: Final = 300
_MAX_DEPTH: Final = 4
_USAGE: Final = re.compile(r'"usage(?:Metadata)?"\s*:\s*(?=\{)')


class TokenClasses(NamedTuple):
    """The five disjoint classes; `None` is unknown. Their sum is the provider's total."""

    input_uncached: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    output_text: int | None = None
    reasoning: int | None = None

    @property
    def total(self) -> int:
        """All tokens; unknown classes count nothing."""
        return (
            (self.input_uncached or 0)
            + (self.cache_read or 0)
            + (self.cache_write or 0)
            + (self.output_text or 0)
            + (self.reasoning or 0)
        )


UNKNOWN: Final = TokenClasses()


class Usage(NamedTuple):
    """What a request used.

    Args:
        tokens: by class; all unknown where the usage says nothing but 0.
        quantities: everything else, by unit, see `footprint.event.UNITS`; nothing that is 0.
        flags: what was concluded (`TOTAL_ONLY`), or could not be (`TOKENS_UNREAD`, `UNREAD` and a
            field's name).
        service_tier: where it is not the usual one.
        geo: where the provider says it inferred, such as ``us``.
        cost_usd: what the usage itself says the request cost.
    """

    tokens: TokenClasses = UNKNOWN
    quantities: Mapping[str, int | Decimal] = {}
    flags: tuple[str, ...] = ()
    service_tier: str | None = None
    geo: str | None = None
    cost_usd: Decimal | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether it says of nothing that it was used."""
        return self.tokens is UNKNOWN and not self.quantities and self.cost_usd is None


NOTHING: Final = Usage()


def is_read_whole(flags: Iterable[str]) -> bool:
    """Tell whether nothing was counted that this module does not know."""
    return not any(flag == TOKENS_UNREAD or flag.startswith(UNREAD) for flag in flags)


class BadUsage(ValueError):
    """A count is none; the text says which and why, beginning with its name."""


def read_usage(
    usage: Mapping[str, Any], *, model: str | None = None, disjoint: bool = False
) -> Usage:
    """Return what a usage object says, of any API, SDK, gateway or trace.

    Args:
        usage: as it came; nested, or flat with dots in its names. What is no number counts as
            nothing: it may come from anybody.
        model: decides where a form leaves two readings.
        disjoint: whether its counts are parts of the total where no total is stated (Langfuse).
    """
    if not usage:
        return NOTHING
    if (usual := _usual(usage)) is not None:
        return usual
    reader = UsageReader()
    _walk(usage, "", reader, 1, set())
    found = reader.result(model, disjoint=disjoint)
    if max(n or 0 for n in found.tokens) <= MAX_TOKENS:
        return found
    # Counts that can each be, and not together: nobody knows what was used.
    return found._replace(tokens=UNKNOWN, flags=(*found.flags, TOKENS_UNREAD))


def tier_of(word: str) -> str | None:
    """Return a tier of service by one name for all providers; None for the usual one."""
    if word in _USUAL_TIERS:
        return None
    plain = (loose.text(word[:_MAX_WORD]) or "").lower()
    return None if plain in _USUAL_TIERS else _TIERS.get(plain, plain)


def usage_in_stream(chunks: Any) -> Mapping[str, Any]:
    """Return the usage found in the text of server-sent events, later parts over earlier ones.

    LiteLLM hands over a pass-through stream that it cannot read as text; the provider's counts are
    in it all the same.
    """
    found: dict[str, Any] = {}
    if not isinstance(chunks, str) or '"usage' not in chunks:
        return found
    text = chunks[:MAX_STREAM_TEXT] + chunks[-MAX_STREAM_TEXT:]
    decoder = json.JSONDecoder()
    for match in list(_USAGE.finditer(text))[-1000:]:
        try:
            part, _ = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        found.update(part)
    return found


_USUAL: Final = frozenset(
    {
        *("prompt_tokens", "completion_tokens", "total_tokens"),
        *("prompt_tokens_details", "completion_tokens_details"),
    }
)
_USUAL_INPUT: Final = frozenset({"cached_tokens", "text_tokens"})
_USUAL_OUTPUT: Final = frozenset({"reasoning_tokens", "text_tokens"})


_TWO_SIDES: Final = frozenset({"input", "output"})
_INPUTS: Final = ("input_uncached", "input_all", "input")
_OUTPUTS: Final = ("output_text", "output_all", "output")


def _usual(usage: Mapping[str, Any]) -> Usage | None:
    """Return what the usage of nearly every call says, in a tenth of the time: this is a hook's.

    OpenAI's form with a total that fits and nothing but text; None for any other.
    """
    if not usage.keys() <= _USUAL:
        return None
    given, made = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if type(given) is not int or type(made) is not int or given < 0 or made < 0:
        return None
    if usage.get("total_tokens") != given + made or not 0 < given + made <= MAX_TOKENS:
        return None
    read = thought = None
    if details := usage.get("prompt_tokens_details"):
        if type(details) is not dict or not {k for k, v in details.items() if v} <= _USUAL_INPUT:
            return None
        read = details.get("cached_tokens")
        if read is not None and (type(read) is not int or not 0 <= read <= given):
            return None
    if details := usage.get("completion_tokens_details"):
        if type(details) is not dict or not {k for k, v in details.items() if v} <= _USUAL_OUTPUT:
            return None
        thought = details.get("reasoning_tokens")
        if thought is not None and (type(thought) is not int or not 0 <= thought <= made):
            return None
    return Usage(TokenClasses(given - (read or 0), read, None, made - (thought or 0), thought))


Count: TypeAlias = int | Decimal


class UsageReader:
    """Gathers counts by what they are of; `result` makes usage of them."""

    __slots__ = ("_counts", "_details", "_geo", "_natives", "_tier", "_unread")

    def __init__(self) -> None:
        self._counts: dict[str, Count] = {}
        self._natives = 0
        self._details = False
        self._tier: str | None = None
        self._geo: str | None = None
        self._unread: list[str] = []

    def count(self, role: str, amount: Count, name: str = "") -> None:
        """Take in a count. Where a source says one thing twice the larger counts: never the sum.

        Args:
            role: as `role_of` says, or one of the classes that are never in two minds:
                ``input_uncached``, ``input_all``, ``output_text``, ``output_all``.
            amount: from 0 on.
            name: the field's name, where it is not known to be anything (role ``unread``).
        """
        if role == "unread":
            if amount and len(self._unread) < MAX_UNREAD and name not in self._unread:
                self._unread.append(name)
            return
        if role.startswith("native_"):
            role = role[7:]
            self._natives |= 1 if role == "input" else 2
        elif role.startswith("detail_"):
            role = role[7:]
            self._details = True
        elif role == "thoughts":
            self._counts[role] = max(amount, self._counts.get(role, 0))
            role = "reasoning"
        known = self._counts.get(role)
        if known is None or amount > known:
            self._counts[role] = amount

    def text(self, role: str, value: str) -> None:
        """Take in a word: the service tier, or where the provider inferred."""
        word = (loose.text(value[:_MAX_WORD]) or "").lower()
        if role == "tier":
            self._tier = tier_of(word) or self._tier
        elif role == "speed" and word not in ("", "standard"):
            self._tier = word
        elif role == "geo" and word not in ("", "global", "not_available"):
            self._geo = word

    def result(self, model: str | None = None, *, disjoint: bool = False) -> Usage:
        """Return the usage; arguments as of `read_usage`."""
        counts = self._counts
        if counts.keys() <= _TWO_SIDES and not (self._unread or self._tier or self._geo):
            # Nearly every row of a file.
            given, made = _whole(counts.get("input")), _whole(counts.get("output"))
            return Usage(TokenClasses(given, None, None, made)) if given or made else NOTHING
        flags: list[str] = []
        tokens = self._classes(model, disjoint, flags) if counts else UNKNOWN
        quantities = {role: n for role, n in counts.items() if n and role in UNITS}
        cost = counts.get("cost")
        if cost is None and "cost_ticks" in counts:
            cost = Decimal(counts["cost_ticks"]).scaleb(-10)
        if not (tokens is not UNKNOWN or flags or quantities or self._unread or cost or self._tier):
            return NOTHING
        flags.extend(loose.storable_text(f"{UNREAD}{name}"[:100]) for name in self._unread)
        return Usage(
            tokens,
            quantities,
            tuple(flags),
            self._tier,
            self._geo,
            # A cost of 0 beside tokens may be a gateway's way to say that it knows none.
            Decimal(cost) if cost else None,
        )

    def amount(self, role: str) -> Count | None:
        """Return what was counted as a role so far."""
        return self._counts.get(role)

    def zeros(self) -> TokenClasses:
        """Return the classes that are said to be 0, where nothing is said to be more."""
        get = self._counts.get
        given = next((0 for name in _INPUTS if get(name) == 0), None)
        made = next((0 for name in _OUTPUTS if get(name) == 0), None)
        return TokenClasses(given, None, None, made, None)

    def _classes(self, model: str | None, disjoint: bool, flags: list[str]) -> TokenClasses:
        get = self._counts.get
        given, made, total = _whole(get("input")), _whole(get("output")), _whole(get("total"))
        read, write, thought = (
            _whole(get("cache_read")),
            _whole(get("cache_write")),
            _whole(get("reasoning")),
        )
        parts = sum(_whole(get(f"cache_write_{n}")) or 0 for n in ("5m", "30m", "1h_tokens"))
        if parts > (write or 0):
            write = parts
        if given is None and made is None:
            given, made = _whole(get("billed_input")), _whole(get("billed_output"))
        uncached, text = _whole(get("input_uncached")), _whole(get("output_text"))
        for side, others, name in (
            (_whole(get("input_all")), (read, write), "tokens_input"),
            (_whole(get("output_all")), (thought,), "tokens_output"),
        ):
            if side is None:
                continue
            part = sum(other or 0 for other in others)
            if part > side:
                raise BadUsage(f"{name} is {side}, less than the {part} tokens it includes")
            if name == "tokens_input" and uncached is None:
                uncached = side - part
            elif name == "tokens_output" and text is None:
                text = side - part
        if not any((given, made, total, read, write, thought, uncached, text)):
            return UNKNOWN
        # Gemini counts what its tools read apart from the prompt, and in the total.
        tools = _whole(get("tool_input_tokens")) or 0
        heard = _sum(get, "audio_input_tokens", "image_input_tokens", "video_input_tokens")
        spoken = _sum(get, "audio_output_tokens", "image_output_tokens", "video_output_tokens")
        sides = _Sides(given, made, (read or 0) + (write or 0), thought or 0, heard, spoken, tools)
        if read or write or thought or (disjoint and (heard or spoken)):
            inside, contains, modal = self._conventions(sides, total, model, disjoint)
        else:
            inside = contains = modal = True
        if uncached is None and given is not None:
            uncached = given - sides.cached * inside + heard * (not modal)
        if text is None and made is not None:
            text = made - sides.thought * contains + spoken * (not modal)
        if tools and "input_all" not in self._counts:
            uncached = (uncached or 0) + tools
        found = TokenClasses(uncached, read, write, text, thought)
        self._check_total(found, total, model, flags)
        if total is not None and total > found.total:
            found = _with_rest(found, total - found.total, model, flags)
        return found

    def _conventions(
        self, sides: _Sides, total: int | None, model: str | None, disjoint: bool
    ) -> tuple[bool, bool, bool]:
        """Return whether input contains the cache, output reasoning, and both audio and images."""
        given, made = sides.given or 0, sides.made or 0
        inside_fits, contains_fits = sides.cached <= given, sides.thought <= made
        # Anthropic's own form has these names, no total and no details: input excludes the cache.
        native = self._natives == 3 and not self._details
        claude = self._natives & 1 and not self._details and model is not None and "claude" in model
        likely = (
            inside_fits and not (native and not total) and not (claude and not total)
            if not disjoint
            else False,
            contains_fits and not ("thoughts" in self._counts and not total) and not disjoint,
            not disjoint,
        )
        if not total:
            return likely
        for inside, contains, modal in _COMBINATIONS:
            if (inside and not inside_fits) or (contains and not contains_fits):
                continue
            if not modal and not disjoint:
                continue
            stated = given + made + sides.tools + sides.cached * (not inside)
            stated += sides.thought * (not contains) + (sides.heard + sides.spoken) * (not modal)
            if stated == total:
                return inside, contains, modal
        return likely

    def _check_total(
        self, found: TokenClasses, total: int | None, model: str | None, flags: list[str]
    ) -> None:
        """Flag tokens that may be missing: a count nobody knows, and no total that vouches."""
        if total == found.total:
            return
        if any("token" in name.lower() for name in self._unread):
            flags.append(TOKENS_UNREAD)


class _Sides(NamedTuple):
    given: int | None
    made: int | None
    cached: int
    thought: int
    heard: int
    spoken: int
    tools: int


_COMBINATIONS: Final = tuple(
    (inside, contains, modal)
    for modal in (True, False)
    for inside in (True, False)
    for contains in (True, False)
)


def _with_rest(found: TokenClasses, rest: int, model: str | None, flags: list[str]) -> TokenClasses:
    """Return the classes with the tokens that stand only in the total.

    Beside input and output there is thinking (Gemini, xAI leave it out of the output); of Claude it
    is inside, and what is missing is the cache. A total alone has no sides.
    """
    flags.append(TOTAL_ONLY)
    has_sides = found.input_uncached is not None and found.output_text is not None
    if has_sides and not (model is not None and "claude" in model):
        return found._replace(reasoning=(found.reasoning or 0) + rest)
    if not (not has_sides and _reads_only(model)) and TOKENS_UNREAD not in flags:
        flags.append(TOKENS_UNREAD)
    return found._replace(input_uncached=(found.input_uncached or 0) + rest)


def _reads_only(model: str | None) -> bool:
    return model is not None and ("embed" in model.lower() or "rerank" in model.lower())


def _whole(value: Count | None) -> int | None:
    return None if value is None else int(value)


def _sum(get: Callable[[str], Count | None], *roles: str) -> int:
    return sum(_whole(get(role)) or 0 for role in roles)


def is_nested(column: str) -> bool:
    """Tell whether a column may hold usage that is itself an object or a list."""
    last = plain_name(column).rpartition(".")[2]
    return last in _LISTS or last in _LISTED or last in IS_USAGE


def read_nested(reader: UsageReader, column: str, value: Mapping[str, Any] | list[Any]) -> None:
    """Give a reader what stands in a column of usage; anything else counts nothing."""
    if isinstance(value, list):
        _take_list(column, value, reader, 1, set())
    else:
        _walk(value, f"{column}.", reader, 1, set())


_USUAL_TIERS: Final = frozenset({"", "default", "auto", "standard", "on_demand", "none", "null"})
_TIERS: Final = {
    "on_demand_priority": "priority",
    "on_demand_flex": "flex",
    "provisioned_throughput": "provisioned",
    "batches": "batch",
}
_MODALITIES: Final = frozenset({"AUDIO", "IMAGE", "VIDEO", "DOCUMENT"})
# Gemini's lists of counts by modality, and what they are parts of.
_LISTS: Final = {
    "prompt_tokens_details": "input",
    "candidates_tokens_details": "output",
    "response_tokens_details": "output",
    "cache_tokens_details": "cached",
    "tool_use_prompt_tokens_details": None,
}

_LISTED: Final = frozenset({"iterations", "cache_details"})


def _walk(
    usage: Mapping[str, Any], prefix: str, reader: UsageReader, depth: int, seen: set[int]
) -> None:
    """Give the fields of a usage object to a reader."""
    for key, value in usage.items():
        if value is None or len(seen) > _MAX_FIELDS:
            continue
        kind = type(value)
        if kind is bool:
            continue
        name = f"{prefix}{key}"
        if kind is int or kind is float or kind is Decimal:
            _take_number(name, value, reader)
        elif kind is str:
            role = role_of(name)
            if role in ("tier", "geo", "speed"):
                reader.text(role, value)
        elif kind is list:
            _take_list(name, value, reader, depth, seen)
        elif depth < _MAX_DEPTH and (inner := loose.mapping(value)):
            seen.add(len(seen))
            if role_of(name) != "known":
                _walk(inner, f"{name}.", reader, depth + 1, seen)


def _take_number(name: str, value: Any, reader: UsageReader) -> None:
    role = role_of(name)
    if role == "known":
        return
    if role is None:
        if value and loose.number(value):
            reader.count("unread", 1, name)
    elif role == "cost":
        if (cost := loose.cost(value)) is not None:
            reader.count(role, cost)
    elif role in CONTINUOUS:
        found = loose.number(value)
        if found is not None and 0 <= found <= MAX_TOKENS:
            reader.count(role, value if type(value) is int else Decimal(str(value)))
    elif (whole := loose.count(value)) is not None:
        reader.count(role, whole)


CONTINUOUS: Final = frozenset({"audio_seconds", "video_seconds", "gpu_seconds"})


def _take_list(
    name: str, items: list[Any], reader: UsageReader, depth: int, seen: set[int]
) -> None:
    plain = plain_name(name).rpartition(".")[2]
    if plain == "iterations":
        _take_iterations(items, reader)
    elif plain == "cache_details":
        # Bedrock: what was written, by how long it is kept.
        for item in map(loose.mapping, items[:100]):
            written = loose.count(item.get("inputTokens"))
            if written is not None:
                kept = "1h_tokens" if item.get("ttl") == "1h" else "5m"
                reader.count(f"cache_write_{kept}", written)
    elif plain in _LISTS:
        side = _LISTS[plain]
        for item in map(loose.mapping, items[:100]):
            modality = str(item.get("modality")).upper()
            count = loose.count(item.get("tokenCount", item.get("token_count")))
            if count and side and modality in _MODALITIES:
                unit = f"{modality.lower()}_{side}_tokens"
                reader.count(unit if unit in UNITS else "known", count)
    elif role_of(name) is None and _counts_something(items):
        reader.count("unread", 1, name)


def _counts_something(items: Iterable[Any]) -> bool:
    return any(
        loose.number(value)
        for item in list(items)[:20]
        for value in (item.values() if isinstance(item, dict) else (item,))
    )


def _take_iterations(items: list[Any], reader: UsageReader) -> None:
    """Take in Anthropic's rounds: the top level leaves out those of compaction."""
    sums: dict[str, int] = {}
    for item in map(loose.mapping, items[:1000]):
        for key, value in item.items():
            role = role_of(key) if isinstance(key, str) else None
            whole = loose.count(value)
            if role in _SUMMED and whole is not None:
                sums[role] = sums.get(role, 0) + whole
        for key, value in loose.mapping(item.get("cache_creation")).items():
            role = role_of(f"cache_creation.{key}")
            whole = loose.count(value)
            if role in _SUMMED and whole is not None:
                sums[role] = sums.get(role, 0) + whole
    for role, whole in sums.items():
        reader.count(role, whole)


_SUMMED: Final = frozenset(
    {
        *("native_input", "output", "native_cache_read", "native_cache_write"),
        *("cache_write_5m", "cache_write_1h_tokens"),
    }
)
