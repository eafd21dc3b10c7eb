"""What a request used or is billed by beside its classes of tokens, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from footprint.ui.formats import Formats

# One entry for each of `footprint.event.UNITS`.
WORDS: Final = {
    "audio_input_tokens": "Audio heard, tokens",
    "audio_output_tokens": "Audio spoken, tokens",
    "audio_cached_tokens": "Audio from the cache, tokens",
    "image_input_tokens": "Images seen, tokens",
    "image_output_tokens": "Images made, tokens",
    "image_cached_tokens": "Images from the cache, tokens",
    "video_input_tokens": "Video seen, tokens",
    "video_output_tokens": "Video made, tokens",
    "document_input_tokens": "Documents read, tokens",
    "cache_write_1h_tokens": "Written to the cache for an hour, tokens",
    "accepted_prediction_tokens": "Predicted and accepted, tokens",
    "rejected_prediction_tokens": "Predicted and rejected, tokens",
    "tool_input_tokens": "What tools answered, tokens",
    "citation_tokens": "Citations, tokens",
    "trained_tokens": "Trained on, tokens",
    "web_searches": "Web searches",
    "web_fetches": "Web pages fetched",
    "file_searches": "File searches",
    "code_sessions": "Sessions of running code",
    "tool_calls": "Calls of tools",
    "pages": "Pages read",
    "images": "Images",
    "characters": "Characters",
    "audio_seconds": "Audio, seconds",
    "video_seconds": "Video, seconds",
    "search_units": "Search units",
    "requests": "Requests in the job",
    "failed_requests": "Failed requests in the job",
    "gpu_seconds": "Time on a GPU, seconds",
}


def quantity_facts(
    quantities: Mapping[str, int | float | Decimal] | None, formats: Formats
) -> list[tuple[str, str]]:
    """Return what else was used, in the order of `WORDS`; a unit without words by its name.

    Args:
        quantities: by unit, see `footprint.event.UNITS`; None for nothing.
        formats: how the reader writes numbers.
    """
    known = quantities or {}
    units = [*(unit for unit in WORDS if unit in known), *sorted(known.keys() - WORDS.keys())]
    return [(WORDS.get(unit, _plain(unit)), _amount(known[unit], formats)) for unit in units]


def _plain(unit: str) -> str:
    return unit.replace("_", " ").capitalize()


def _amount(value: int | float | Decimal, formats: Formats) -> str:
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    decimals = min(6, max(0, -exponent)) if isinstance(exponent, int) else 0
    return formats.number(value, decimals)
