"""Token classes of a request, disjoint, from the provider's usage in any of its conventions.

Providers disagree on two things: whether input tokens contain cache reads and writes (OpenAI: yes,
Anthropic: no) and whether output tokens contain reasoning (OpenAI: yes, Gemini and xAI: no). The
total that the provider states decides; without one, the names and sizes of the counts do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from footprint.ingest import loose

_USAGE: Final = re.compile(r'"usage"\s*:\s*(\{[^{}]{0,2000}\})')
MAX_STREAM_TEXT: Final = 200_000


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


def classify(usage: Mapping[str, Any]) -> TokenClasses:
    """Return the token classes of a usage object; all unknown where it says nothing but 0.

    Args:
        usage: OpenAI's (chat or Responses), Anthropic's, or LiteLLM's normalised form.
    """
    if not usage:
        return UNKNOWN
    given = _first(usage, "prompt_tokens", "input_tokens")
    output = _first(usage, "completion_tokens", "output_tokens")
    if not given and not output:
        return UNKNOWN
    read = loose.count(usage.get("cache_read_input_tokens"))
    write = loose.count(usage.get("cache_creation_input_tokens"))
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    if details:
        known = loose.mapping(details)
        read = _largest(read, known.get("cached_tokens"))
        write = _largest(write, known.get("cache_creation_tokens"), known.get("cache_write_tokens"))
    made = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    reasoning = loose.count(loose.mapping(made).get("reasoning_tokens")) if made else None
    if read or write or reasoning:
        inside, contains = _conventions(usage, given or 0, output or 0, read, write, reasoning)
        if given is not None and inside:
            given -= (read or 0) + (write or 0)
        if output is not None and contains:
            output -= reasoning or 0
    return TokenClasses(given, read, write, output, reasoning)


def _conventions(
    usage: Mapping[str, Any],
    given: int,
    output: int,
    read: int | None,
    write: int | None,
    reasoning: int | None,
) -> tuple[bool, bool]:
    """Return whether input contains the cache classes, and whether output contains reasoning."""
    cached, thought = (read or 0) + (write or 0), reasoning or 0
    inside_fits, contains_fits = cached <= given, thought <= output
    # Anthropic's own form has these names, no total and no details: input excludes the cache.
    native = "input_tokens" in usage and "input_tokens_details" not in usage
    likely_inside = inside_fits and not (native and not usage.get("total_tokens"))
    total = loose.count(usage.get("total_tokens"))
    if not total:
        return likely_inside, contains_fits
    for inside, contains in ((True, True), (True, False), (False, True), (False, False)):
        fits = (inside_fits or not inside) and (contains_fits or not contains)
        if fits and total == given + output + cached * (not inside) + thought * (not contains):
            return inside, contains
    return likely_inside, contains_fits


def usage_in_stream(chunks: Any) -> Mapping[str, Any]:
    """Return the usage found in the text of server-sent events, later parts over earlier ones.

    LiteLLM hands over a pass-through stream that it cannot read as text; the provider's counts are
    in it all the same.
    """
    found: dict[str, Any] = {}
    if not isinstance(chunks, str) or '"usage"' not in chunks:
        return found
    for match in _USAGE.finditer(chunks[:MAX_STREAM_TEXT] + chunks[-MAX_STREAM_TEXT:]):
        try:
            found.update(json.loads(match[1]))
        except ValueError:
            continue
    return found


def _first(usage: Mapping[str, Any], name: str, other_name: str) -> int | None:
    found = loose.count(usage.get(name))
    return loose.count(usage.get(other_name)) if found is None else found


def _largest(known: int | None, *values: Any) -> int | None:
    for value in values:
        found = loose.count(value)
        if found is not None and (known is None or found > known):
            known = found
    return known
