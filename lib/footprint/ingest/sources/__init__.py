"""Exports of other systems whose shape is known: rows as they write them, rows as we read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from footprint.ingest.sources import langfuse, litellm, providers
from footprint.ingest.sources.rows import Source, plain_names

SOURCES: Final[dict[str, Source]] = {
    source.name: source
    for source in (
        litellm.SPEND_SUMMARY,
        litellm.SPEND_LOGS,
        litellm.REQUEST_LOGS,
        langfuse.OBSERVATIONS,
        providers.OPENAI_USAGE,
        providers.ANTHROPIC_USAGE,
    )
}


def recognise(columns: Sequence[str]) -> Source | None:
    """Return the source whose shape a header or an object has; None for no known one."""
    names = plain_names(columns)
    return next((source for source in SOURCES.values() if source.recognises(names)), None)
