"""What bills requests without a price, and why a price leaves some of them, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from footprint.data.data_quality import TEXT_TOKENS, Part
from footprint.ui.acts import NOTHING
from footprint.ui.formats import TOKENS, Formats
from footprint.ui.quantities import WORDS, quantity_facts

# What a price is for, by unit; others are named as they are.
_ONE: Final = {
    "pages": "page",
    "images": "image",
    "audio_seconds": "second of audio",
    "video_seconds": "second of video",
    "gpu_seconds": "second on a GPU",
    "search_units": "search unit",
    "web_searches": "web search",
    "file_searches": "file search",
    "code_sessions": "session of running code",
}
_BILLED_BY: Final = {
    TEXT_TOKENS: "Text tokens",
    "not ended": "Jobs that have not ended",
    "several models": "Batches of several models",
    "not understood": "Usage that is not understood",
}
_LEFT: Final = {
    "another tier": "had another tier of service",
    "tokens unknown": "had tokens that are unknown in part",
    "nothing said": "said nothing of what they used",
    "not ended": "had not ended",
    "several models": "were batches of several models",
    "not understood": "had usage that is not understood",
    "cache_write_1h_tokens": "wrote to a cache for an hour, whose price is not given",
}


def parts_table(parts: list[Part], formats: Formats) -> pd.DataFrame:
    """Return the parts under their headings."""
    return pd.DataFrame(
        {
            "Billed by": [billed_by(part) for part in parts],
            "Tier": [part.tier or "usual" for part in parts],
            "Requests": [part.requests for part in parts],
            "Amount": [amount(part, formats) for part in parts],
        }
    )


def billed_by(part: Part) -> str:
    """Return what bills a part: ``Text tokens + web searches``."""
    words = [_BILLED_BY.get(name) or WORDS.get(name, _plain(name)) for name in part.billed_by]
    if not words:
        return "Nothing that is known"
    first, *rest = (word.removesuffix(", tokens") for word in words)
    return " + ".join([first, *(word[:1].lower() + word[1:] for word in rest)])


def part_label(part: Part) -> str:
    """Return a part as a choice: what bills it, and its tier where it is not the usual one."""
    return billed_by(part) + (f" ({part.tier})" if part.tier else "")


def amount(part: Part, formats: Formats) -> str:
    """Return how much of its unit or tokens a part used."""
    if part.unit is not None:
        return quantity_facts({part.unit: part.amount or 0}, formats)[0][1]
    return f"{formats.quantity(part.tokens, TOKENS)} tokens" if part.tokens else NOTHING


def priced_unit(unit: str) -> tuple[str, int]:
    """Return what a price is given for, in words, and how many of the unit that is."""
    if unit in _ONE:
        return _ONE[unit], 1
    if unit == "characters":
        return "million characters", 1_000_000
    if unit.endswith("_tokens"):
        return "million tokens", 1_000_000
    return f"unit of {_plain(unit).lower()}", 1


def why_left(reasons: Mapping[str, int], formats: Formats) -> str:
    """Return why requests stay without a price: ``12 used web searches, whose price ...``."""
    return "; ".join(
        f"{formats.number(count)} "
        + (_LEFT.get(reason) or f"used {_plain(reason).lower()}, whose price is not given")
        for reason, count in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    )


def _plain(name: str) -> str:
    return name.replace("_", " ").capitalize()
