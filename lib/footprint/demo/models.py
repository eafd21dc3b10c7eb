"""Which models the demo organisation asks, and how: weights, habits and speeds, all invented.

Names are LiteLLM's, so that prices and impact factors are the real ones of these models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from footprint.demo.people import ENGINEERING, MARKETING, OPERATIONS, PRODUCT, SUPPORT


@dataclass(frozen=True, slots=True)
class Model:
    """A model in use.

    Args:
        provider: LiteLLM's ``custom_llm_provider``.
        name: the model, without prefix.
        since: month of the demo, from 0, in which the organisation began to use it.
        reasons: whether a part of its generated tokens is reasoning.
        tokens_per_s: how fast it generates.
    """

    provider: str
    name: str
    since: int = 0
    reasons: bool = False
    tokens_per_s: float = 80.0


GPT_4O: Final = Model("openai", "gpt-4o", tokens_per_s=75)
GPT_4O_MINI: Final = Model("openai", "gpt-4o-mini", tokens_per_s=95)
GPT_5_MINI: Final = Model("openai", "gpt-5-mini", 4, reasons=True, tokens_per_s=110)
SONNET: Final = Model("anthropic", "claude-sonnet-4-5", tokens_per_s=65)
HAIKU: Final = Model("anthropic", "claude-haiku-4-5", 2, tokens_per_s=130)
GEMINI_PRO: Final = Model("gemini", "gemini-2.5-pro", 3, reasons=True, tokens_per_s=120)
GEMINI_FLASH: Final = Model("gemini", "gemini-2.5-flash", tokens_per_s=190)
MISTRAL: Final = Model("mistral", "mistral-large-latest", tokens_per_s=55)
MODELS: Final = (
    *(GPT_4O, GPT_4O_MINI, GPT_5_MINI, SONNET, HAIKU),
    *(GEMINI_PRO, GEMINI_FLASH, MISTRAL),
)
# A model of the house's own: no price list and no impact factor knows it.
OWN_MODEL: Final = Model("hosted_vllm", "meadow-summariser", tokens_per_s=60)

# Team → how often it asks each of MODELS, in their order.
PREFERENCES: Final = {
    ENGINEERING: (14, 6, 12, 34, 8, 12, 6, 8),
    SUPPORT: (10, 34, 6, 4, 22, 2, 18, 4),
    PRODUCT: (26, 10, 10, 18, 8, 14, 6, 8),
    MARKETING: (30, 14, 6, 12, 10, 4, 10, 14),
    OPERATIONS: (16, 22, 10, 8, 8, 8, 8, 20),
}
# What is asked where nobody is named: scheduled jobs and shared keys.
UNNAMED_PREFERENCES: Final = (6, 30, 2, 4, 14, 2, 36, 6)

TAGS: Final = {
    ENGINEERING: ("code-review", "debugging", "documentation", "tests"),
    SUPPORT: ("reply-draft", "triage", "translation"),
    PRODUCT: ("research", "specification", "summary"),
    MARKETING: ("copy", "translation", "campaign"),
    OPERATIONS: ("report", "contract", "summary"),
}
