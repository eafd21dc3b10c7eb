"""Reading a LiteLLM model name: which names of the same model it may be written as. Pure.

Nothing here is fuzzy. A name is taken apart by rules that are written down, and each form that
results is compared for equality, the most complete form first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

# LiteLLM's provider → EcoLogits' provider: the same names of models, the same data centres.
REGISTRY_PROVIDERS = {
    "openai": "openai",
    "azure": "openai",
    "azure_text": "openai",
    "text-completion-openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google_genai",
    "vertex_ai": "google_genai",
    "mistral": "mistralai",
    "codestral": "mistralai",
    "text-completion-codestral": "mistralai",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "huggingface": "huggingface_hub",
}

_BEDROCK = {"bedrock", "bedrock_mantle"}
_BEDROCK_VERSION = re.compile(r"(-v?\d+)?:\d+k?$|-v\d+$")
_REGION = re.compile(r"^(us-gov|us|eu|apac|ap|au|jp|ca|in|sa|me|af|global)\.")
_VENDOR = re.compile(
    r"^(ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|moonshot|moonshotai|nvidia"
    r"|openai|qwen|system\.ai|twelvelabs|writer|xai|zai)\."
)
# What some hosts write before a model's own name.
_HOST_PREFIX = re.compile(
    r"^(alibaba|anthropic|cc|cohere|coding|databricks|fw|meta|nvidia|open|openai|snowflake|xiaomi|zai)-"
)
# Names that end like a way of serving and are models of their own.
_DISTINCT = {"glm-5-turbo"}
# Last path segments that name a way of serving and not a model.
_NOT_A_NAME = {"community", "query"}

_SEPARATORS = re.compile(r"[^a-z0-9]+")
# llama3 → llama-3, llama-v3 → llama-3, qwen2 → qwen-2: hosts disagree about these.
_FAMILY_VERSION = re.compile(r"^(code-?llama|gemma|llama|mistral-large|qwen)-?v?(\d)")
# claude-4-5-haiku → claude-haiku-4-5: the order turned round with version 4.
_CLAUDE_ORDER = re.compile(r"^claude-([4-9](?:-\d)?)-(opus|sonnet|haiku)\b")

_DATE = re.compile(
    r"-(\d{4}-\d{2}-\d{2}|\d{2}-\d{4}|20\d{6}|2\d{5}|2[3-9](0[1-9]|1[0-2])|(0[1-9]|1[0-2])[0-3]\d)$"
)
_STAGE = re.compile(r"-(latest|preview|exp|experimental|default|00\d)$")
# Ways of serving, tuning or storing weights that leave their number as it is. Only names of models
# whose size is disclosed are compared without them.
_VARIANT = re.compile(
    r"-(awq|base|basic|bf16|chat|cloud|dynamic|fast|fp16|fp4|fp8|free|gguf|hf|highspeed|instruct|int4|int8|it"
    r"|long|lora|maas|mtp|mxfp|mxfp4|nvfp4|original|paddle|pt|reasoning|tee|think|thinking|turbo|ultra|us|eu"
    r"|versatile|instant|\d+k)$"
)


@dataclass(frozen=True)
class Name:
    """A model name taken apart.

    Attributes:
        exact: The name as LiteLLM has it, lower case.
        tokens: Words of the model's own name, decimals kept (``qwen2.5``, ``7b``).
        full: Slugs of the whole name, the most complete first.
        undated: Slugs without date, ``latest`` and ``preview`` suffixes.
        bare: Slugs without ways of serving and tuning, too.
        moving: Whether it ends in ``latest``: another model from one day to the next.
        region: Region prefix, as a hint at the grid zone; None without one.
    """

    exact: str
    tokens: tuple[str, ...]
    full: tuple[str, ...]
    undated: tuple[str, ...]
    bare: tuple[str, ...]
    moving: bool = False
    region: str | None = None


def slug(text: str) -> str:
    """Return a name in the form in which names are compared: case, dots, dashes set aside."""
    plain = _SEPARATORS.sub("-", text.lower()).strip("-")
    return _CLAUDE_ORDER.sub(r"claude-\2-\1", _FAMILY_VERSION.sub(r"\1-\2", plain))


def undated(name: str) -> Iterator[str]:
    """Yield a slug with its date and stage suffixes taken off, one after the other."""
    yield from _peel(name, (_DATE, _STAGE))


def read_name(provider: str, model: str) -> Name:
    """Take a LiteLLM model name apart.

    Args:
        provider: LiteLLM's provider, lower case.
        model: Model without the provider's prefix, any case.
    """
    exact = model.lower()
    own = _last_segment(_unwrap_fine_tuned(exact))
    region = _REGION.match(own)
    own = _REGION.sub("", own)
    if provider == "fireworks_ai":
        own = re.sub(r"(?<=\d)p(?=\d)", ".", own)
    plain = _BEDROCK_VERSION.sub("", own) if provider in _BEDROCK else own
    full = _unique(chain(_full_forms(own), _full_forms(plain)))
    dateless = _unique(chain.from_iterable(undated(form) for form in full))
    peeled = chain.from_iterable(
        _peel(form, (_DATE, _STAGE, _VARIANT)) for form in full if form not in _DISTINCT
    )
    bare = tuple(form for form in _unique(peeled) if form not in dateless)
    words = tuple(word for word in re.split(r"[^a-z0-9.]+", plain) if word)
    return Name(
        exact=exact,
        tokens=words,
        full=full,
        undated=dateless,
        bare=bare,
        moving=any(form.endswith("-latest") for form in full),
        region=region.group(1) if region else None,
    )


def _unique(forms: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for form in forms if form))


def _unwrap_fine_tuned(model: str) -> str:
    """``ft:base:organisation:name:id`` → ``base``: a fine-tuned model is as large as its base."""
    return model.split(":")[1] if model.startswith("ft:") else model


def _last_segment(model: str) -> str:
    segments = [part for part in model.split("/") if part]
    while len(segments) > 1 and segments[-1] in _NOT_A_NAME:
        segments.pop()
    return segments[-1] if segments else ""


def _full_forms(own: str) -> Iterator[str]:
    """Yield the slug of a name, then without its vendor's, then without its host's prefix."""
    yield slug(own)
    without_vendor = _VENDOR.sub("", own)
    yield slug(without_vendor)
    form = without_vendor
    while _HOST_PREFIX.match(form):
        form = _HOST_PREFIX.sub("", form, count=1)
        yield slug(form)


def _peel(form: str, suffixes: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    """Yield a slug with the suffixes at its end taken off, one at a time, until none is left."""
    found = True
    while found:
        found = False
        for suffix in suffixes:
            shorter = suffix.sub("", form)
            if shorter and shorter != form:
                form, found = shorter, True
                yield form
                break
