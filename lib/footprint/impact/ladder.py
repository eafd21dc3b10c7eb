"""The ladder from a LiteLLM name to what is known of the model: deterministic, never fuzzy. Pure.

exact → alias (the same model under another spelling, or a retired one) → parameters in the name →
price class → none. An admin's mapping stands above all of it and is applied in SQL.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from footprint.impact.names import REGISTRY_PROVIDERS, Name, read_name, slug, undated

_TOTAL = re.compile(r"^(\d+(?:\.\d+)?)(b|t)$")
_ACTIVE = re.compile(r"^a(\d+(?:\.\d+)?)b$")
_EXPERTS = re.compile(r"^\d+e$|^\d+x\d+b$|^e\d+(\.\d+)?b$|^moe$")
# Mixtral's published sizes (active, total, billions), for its fine-tuned descendants (card of
# mistralai/Mixtral-8x7B-v0.1, December 2023, and of mistralai/Mixtral-8x22B-v0.1, April 2024).
_MIXTRAL = {"8x7b": (12.9, 46.7), "8x22b": (39.1, 140.6)}
# Listed among the text models, and not one: images, music, time series, speech, sandboxes.
_NOT_TEXT = re.compile(r"^(container|flux|lyria|sam)(-|$)|(^|-)(embed|embeddings?|tts|ttm)(-|$)")
_EMBEDDING = re.compile(r"(^|-)(embed|embeddings?)(-|$)")
# Names that mean another model from one day to the next, or at another host.
_MOVING = re.compile(r"(^|-)latest$|^chat-latest$")


@dataclass(frozen=True)
class Size:
    """What is known of one model.

    Attributes:
        provider: EcoLogits' provider, or empty where the table is not by provider.
        name: The model's name in its table.
        active_b: Lowest and highest number of parameters at work for a token, billions.
        total_b: Lowest and highest number of all parameters, billions.
        disclosed: Whether its maker published the size.
        source: Key of the citation.
        tokens_per_s: Speed of generation for one request; None where unknown.
        first_token_s: Seconds to the first token of one request; None where unknown.
        measured_j: Measured accelerator J per generated token; None where nobody measured it.
        aliases: Other names of the same model.
    """

    provider: str
    name: str
    active_b: tuple[float, float]
    total_b: tuple[float, float]
    disclosed: bool
    source: str
    tokens_per_s: float | None = None
    first_token_s: float | None = None
    measured_j: float | None = None
    aliases: tuple[str, ...] = ()

    @property
    def active_mid_b(self) -> float:
        """Geometric middle of the active parameters, billions: the band is a ratio as well."""
        return math.sqrt(self.active_b[0] * self.active_b[1])

    @property
    def total_mid_b(self) -> float:
        """Geometric middle of all parameters, billions."""
        return math.sqrt(self.total_b[0] * self.total_b[1])


@dataclass(frozen=True)
class Match:
    """How a name was matched: the rung, and the size (None on the price rung and on none)."""

    rung: str
    size: Size | None = None


class Catalogue:
    """Sizes of models, indexed for the ladder.

    Args:
        registry: EcoLogits' registry of today.
        curated: Disclosed sizes, with their other names.
        retired: Models of earlier registries.
    """

    def __init__(
        self, registry: Iterable[Size], curated: Iterable[Size], retired: Iterable[Size]
    ) -> None:
        """Index the tables; where two name the same model, the earlier table has the word."""
        self._exact: dict[tuple[str, str], Size] = {}
        self._full: dict[str, list[Size]] = {}
        self._undated: dict[str, list[Size]] = {}
        self._measured: dict[str, Size] = {}
        for size in (*registry, *curated, *retired):
            for name in (size.name, *size.aliases):
                self._exact.setdefault((size.provider, name.lower()), size)
                forms = read_name("", name).full
                if size.measured_j:
                    self._measured.update(dict.fromkeys(forms, size))
                for form in forms:
                    self._full.setdefault(form, []).append(size)
                for shorter in {short for form in forms for short in undated(form)}:
                    self._undated.setdefault(shorter, []).append(size)

    def exact(self, provider: str, name: str) -> Size | None:
        """Return the model that a table has under exactly this name, of this provider or of any."""
        for owner in (REGISTRY_PROVIDERS.get(provider, ""), "huggingface_hub", ""):
            size = self._exact.get((owner, name))
            if size:
                return size
        return None

    def measured(self, name: Name) -> Size | None:
        """Return the measured model that bears exactly this name, whoever hosts it."""
        return next((self._measured[form] for form in name.full if form in self._measured), None)

    def full(self, form: str, provider: str) -> Size | None:
        """Return the model whose whole name is this slug."""
        return _choose(self._full.get(form, ()), form, provider)

    def dateless(self, form: str, provider: str) -> Size | None:
        """Return the model all of whose dated names are this slug with a date, if all are alike."""
        found = self._undated.get(form, ())
        if len({(size.active_b, size.total_b) for size in found}) > 1:
            return None
        return _choose(found, form, provider)


def match(provider: str, model: str, price_usd_per_m: float | None, catalogue: Catalogue) -> Match:
    """Find what is known of a model.

    Args:
        provider: LiteLLM's provider, lower case.
        model: Model without the provider's prefix.
        price_usd_per_m: USD per million output tokens; None or 0 where there is no price.
        catalogue: The sizes.

    Returns:
        The first rung that holds; ``none`` where not even a price is known.
    """
    name = read_name(provider, model)
    size = catalogue.exact(provider, name.exact)
    if size:
        return Match("exact", size)
    if any(_NOT_TEXT.search(form) for form in name.full):
        return Match("none")
    size = _by_other_spelling(name, provider, catalogue)
    if size:
        return Match("alias", size)
    size = parameters_in(name)
    if size:
        return Match("parameters", size)
    if price_usd_per_m and price_usd_per_m > 0:
        return Match("price_class")
    return Match("none")


def match_embedding(provider: str, model: str, catalogue: Catalogue) -> Match:
    """Find what is known of an embedding model, on the same rungs but the price class.

    A price says nothing there: the same open model costs ten times more at one host than at another
    (repeated by tests/impact/test_embeddings.py).

    Args:
        provider: LiteLLM's provider, lower case.
        model: Model without the provider's prefix.
        catalogue: Sizes of embedding models.
    """
    name = read_name(provider, model)
    size = catalogue.exact(provider, name.exact)
    if size:
        return Match("exact", size)
    size = _by_other_spelling(name, provider, catalogue)
    if size:
        return Match("alias", size)
    size = parameters_in(name) if is_embedding_name(name) else None
    return Match("parameters", size) if size else Match("none")


def is_embedding_name(name: Name) -> bool:
    """Return whether a name says of itself that it is an embedding model's."""
    return any(_EMBEDDING.search(form) for form in name.full)


def parameters_in(name: Name) -> Size | None:
    """Read the size out of a name (``70b``, ``235b-a22b``, ``8x7b``); None where it is not plain.

    A number of experts beside the size (``17b-16e``), an effective size (``e4b``) or two sizes make
    it not plain.
    """
    for word in name.tokens:
        if word in _MIXTRAL:
            active, total = _MIXTRAL[word]
            return _named(name, active, total)
    totals = {_billions(found) for word in name.tokens if (found := _TOTAL.match(word))}
    actives = {float(found.group(1)) for word in name.tokens if (found := _ACTIVE.match(word))}
    if len(totals) != 1 or len(actives) > 1 or any(_EXPERTS.match(word) for word in name.tokens):
        return None
    total = totals.pop()
    active = actives.pop() if actives else total
    return _named(name, active, total) if 0 < active <= total else None


def _by_other_spelling(name: Name, provider: str, catalogue: Catalogue) -> Size | None:
    for form in name.full:
        if size := catalogue.full(form, provider):
            return size
    for forms, disclosed_only in (((*name.full, *name.undated), False), (name.bare, True)):
        for form in forms:
            # What is left of a moving name is compared with dated names only: they must all agree.
            size = None if name.moving else catalogue.full(form, provider)
            size = size or catalogue.dateless(form, provider)
            if size and (size.disclosed or not disclosed_only):
                return size
    return None


def _choose(found: Iterable[Size], form: str, provider: str) -> Size | None:
    """Prefer the provider's own model; a moving name counts at its own provider only."""
    sizes = list(found)
    own = REGISTRY_PROVIDERS.get(provider)
    for size in sizes:
        if size.provider == own:
            return size
    return next(
        (s for s in sizes if not _MOVING.search(form) and not _MOVING.search(slug(s.name))), None
    )


def _named(name: Name, active: float, total: float) -> Size:
    return Size("", "-".join(name.tokens), (active, active), (total, total), True, "name")


def _billions(found: re.Match[str]) -> float:
    return float(found.group(1)) * (1000 if found.group(2) == "t" else 1)
