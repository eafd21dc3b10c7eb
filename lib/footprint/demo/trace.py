"""The real part of the demo: arrivals and token counts of the Azure LLM inference trace 2023.

Source: "Azure LLM inference trace 2023", conversation; Patel et al., "Splitwise: Efficient
Generative LLM Inference Using Phase Splitting", ISCA 2024; CC-BY 4.0. See data/ATTRIBUTION.md.
"""

from __future__ import annotations

import csv
import gzip
import io
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from footprint.ingest.values import moment

NAME: Final = "azure_llm_inference_trace_conv.csv.gz"


class Arrival(NamedTuple):
    """One request of the trace: when in its hour it came, and its tokens."""

    in_hour: timedelta
    context_tokens: int
    generated_tokens: int


@cache
def read_trace() -> tuple[Arrival, ...]:
    """Return the 19,366 requests of the trace, in its order."""
    packed = (files("footprint.demo") / "data" / NAME).read_bytes()
    rows = csv.DictReader(io.StringIO(gzip.decompress(packed).decode("ascii")))
    return tuple(
        Arrival(_in_hour(row["TIMESTAMP"]), int(row["ContextTokens"]), int(row["GeneratedTokens"]))
        for row in rows
    )


def _in_hour(timestamp: str) -> timedelta:
    came = moment(timestamp)
    return timedelta(minutes=came.minute, seconds=came.second, microseconds=came.microsecond)
