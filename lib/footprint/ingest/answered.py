"""What an answer itself shows to have been used beside tokens: pages, images, seconds, searches."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from footprint.ingest import loose
from footprint.ingest.attribution import Call
from footprint.ingest.usage import read_usage

_IMAGES: Final = frozenset({"image_generation", "image_edit", "image_variation"})
_TOOLS: Final = {"web_search_call": "web_searches", "file_search_call": "file_searches"}
# Kinds of requests whose answers are looked at; others say everything in their usage.
LOOKED_AT: Final = _IMAGES | {"responses", "ocr", "rerank", "transcription", "speech"}
_MOST_ITEMS: Final = 1000


def answered(call_type: str, parts: Call, answer: Mapping[str, Any]) -> dict[str, int | Decimal]:
    """Return quantities by unit, nothing that is 0.

    Args:
        call_type: one of `LOOKED_AT`.
        parts: the call.
        answer: as LiteLLM logged it; empty where it logs none.
    """
    found: dict[str, int | Decimal] = {}
    if call_type in _IMAGES:
        _put(found, "images", len(_list(answer.get("data"))))
    elif call_type == "ocr":
        found.update(read_usage(loose.mapping(answer.get("usage_info"))).quantities)
        if not found:
            _put(found, "pages", len(_list(answer.get("pages"))))
    elif call_type == "rerank":
        found.update(read_usage(loose.mapping(answer.get("meta"))).quantities)
    elif call_type == "transcription":
        seconds = loose.number(answer.get("duration"))
        if seconds is not None and 0 < seconds < 1e7:
            found["audio_seconds"] = Decimal(repr(seconds))
    elif call_type == "speech":
        text = parts.kwargs.get("input") or parts.payload.get("messages")
        _put(found, "characters", len(text) if isinstance(text, str) else 0)
    else:
        _look_at_tools(_list(answer.get("output")), found)
    return found


def _look_at_tools(output: list[Any], found: dict[str, int | Decimal]) -> None:
    containers: set[str] = set()
    for item in output[:_MOST_ITEMS]:
        said = loose.mapping(item)
        kind = said.get("type")
        if not isinstance(kind, str):
            continue
        if kind in _TOOLS:
            found[_TOOLS[kind]] = found.get(_TOOLS[kind], 0) + 1
        elif kind == "code_interpreter_call":
            containers.add(str(said.get("container_id")))
    _put(found, "code_sessions", len(containers))


def _put(found: dict[str, int | Decimal], unit: str, amount: int) -> None:
    if amount:
        found[unit] = amount


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
