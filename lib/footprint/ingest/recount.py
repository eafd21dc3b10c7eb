"""Tokens of a stream whose provider sent no usage, counted with LiteLLM's tokenizer.

LiteLLM is used only where the host already imported it, and only with the tokenizers it ships: no
file is fetched and no image is opened. The result is an estimate and is stored as one.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any, Final

from footprint.ingest import loose

# Providers whose models use OpenAI's tokenizers; any other is counted with the newest of those.
_OPENAI: Final = frozenset({"openai", "azure"})
_STAND_IN: Final = "gpt-4o"


def recount(
    model: str, provider: str | None, messages: Any, answer: str
) -> tuple[int, int, Decimal | None] | None:
    """Return input tokens, output tokens and their cost in USD; None where LiteLLM is not loaded.

    Args:
        model: model without prefix.
        provider: LiteLLM's name of the provider.
        messages: what was asked, in OpenAI's form, or a text.
        answer: the text that came back.
    """
    litellm = sys.modules.get("litellm")
    count = getattr(litellm, "token_counter", None)
    if count is None:
        return None
    try:
        return _count(litellm, count, model, provider, messages, answer)
    except (
        Exception
    ):  # Messages come from callers: whatever LiteLLM makes of them, the call counts.
        return None


def _count(
    litellm: Any, count: Any, model: str, provider: str | None, messages: Any, answer: str
) -> tuple[int, int, Decimal | None]:
    known = model if provider in _OPENAI else _STAND_IN
    if isinstance(messages, list):
        given = count(model=known, messages=messages, use_default_image_token_count=True)
    else:
        given = count(model=known, text=messages) if isinstance(messages, str) else 0
    made = count(model=known, text=answer) if answer else 0
    return int(given), int(made), _cost(litellm, model, provider, int(given), int(made))


def _cost(litellm: Any, model: str, provider: str | None, given: int, made: int) -> Decimal | None:
    try:
        parts = litellm.cost_per_token(
            model=model,
            prompt_tokens=given,
            completion_tokens=made,
            custom_llm_provider=provider,
        )
    except Exception:  # LiteLLM raises a bare Exception for a model that its map lacks.
        return None
    costs = [loose.cost(part) for part in parts]
    if None in costs:
        return None
    return sum((part for part in costs if part is not None), Decimal(0))
