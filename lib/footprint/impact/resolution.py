"""The factor of a name that a factor set lacks, from the tables that the package ships.

The same for `estimate` and for `footprint resolve`. The tables are read at the first name that is
asked for; what was found is remembered, within bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

from footprint.impact import ollama
from footprint.impact.engine import Factor
from footprint.impact.factors import embedding_factor, size_factor
from footprint.impact.ladder import (
    Catalogue,
    Match,
    Size,
    is_embedding_name,
    match,
    match_embedding,
)
from footprint.impact.names import Name, read_name
from footprint.impact.sizes import (
    disclosed_sizes,
    embedding_sizes,
    hosted_names,
    later_sizes,
    ollama_tags,
    registry_models,
    retired_models,
)
from footprint.impact.written import Written, is_text_name, names_a_family, read_written

# Names remembered: a gateway has some hundreds, and a sender may make up any number.
_REMEMBERED: Final = 4096
WEAK: Final = "weak"
# Billions of parameters. Of larger open models only Falcon (180) and Llama 3.1 (405) are dense.
_LARGEST_DENSE_B: Final = 130
_DENSE_B: Final = {180.0, 405.0}


@dataclass(frozen=True)
class Shelf:
    """The tables: sizes of text and of embedding models, Ollama's tags, hosts' own names."""

    models: Catalogue
    embeddings: Catalogue
    library: ollama.Library
    hosted: dict[tuple[str, str], str]


@cache
def shelf() -> Shelf:
    """Return the shipped tables, read once a process."""
    models = Catalogue(registry_models(), (*later_sizes(), *disclosed_sizes()), retired_models())
    return Shelf(
        models=models,
        embeddings=Catalogue((), embedding_sizes(), ()),
        library=ollama.Library(ollama_tags()),
        hosted=hosted_names(),
    )


@lru_cache(maxsize=_REMEMBERED)
def resolved(factor_set: str, provider: str, model: str, weak: bool = False) -> Factor | None:
    """Return the factor of a name by the ladder; None where it says nothing, or only a price.

    Args:
        factor_set: Name of the set that lacks it.
        provider: LiteLLM's provider, lower case.
        model: Model without the provider's prefix, lower case.
        weak: Whether a size alone in an id that its owner chose counts.
    """
    written = read_written(provider, model)
    if written.opaque:
        return None
    name = read_name(written.provider, written.model)
    reads = _match_embedding(provider, model, written)
    if is_embedding_name(name) or reads.size:
        return embedding_factor(factor_set, provider, model, reads)
    found = match_written(provider, model)
    if found.size is None or (found.rung == WEAK and not weak):
        return None
    measured = None if written.stored or _is_local(provider) else shelf().models.measured(name)
    factor = size_factor(factor_set, provider, model, found, measured)
    if factor is None or found.rung != WEAK:
        return factor
    return replace(factor, match="parameters", sources={**factor.sources, WEAK: "chosen id"})


def may_be_text(provider: str, model: str) -> bool:
    """Return whether a name is not known to be of something else than a text model."""
    written = read_written(provider, model)
    name = read_name(written.provider, written.model)
    return not is_embedding_name(name) and all(is_text_name(form) for form in name.full)


def match_written(provider: str, model: str) -> Match:
    """Find what is known of a text model under a name as people write it.

    Args:
        provider: LiteLLM's provider, lower case.
        model: Model without the provider's prefix, lower case.

    Returns:
        The ladder's match; ``weak`` where a size stands in an id that its owner chose and nothing
        says of which model; ``none`` for what is not text.
    """
    written = read_written(provider, model)
    name = read_name(written.provider, written.model)
    if written.opaque or not all(is_text_name(form) for form in name.full):
        return Match("none")
    if _is_local(provider) and not model.startswith(("hf.co/", "huggingface.co/")):
        return _match_ollama(written, model)
    meant = shelf().hosted.get((provider, written.model))
    found = match(written.provider, meant or written.model, None, shelf().models)
    if meant and found.size:
        return Match("alias", found.size)
    if found.rung == "exact" and written.model != model:
        return Match("alias", found.size)
    if found.rung != "parameters" or found.size is None:
        return found
    if size := _by_leading_words(name, found.size):
        return Match("alias", size)
    if _may_be_sparse(found.size):
        return Match("none")
    weak = written.chosen and not any(names_a_family(form) for form in name.full)
    return Match(WEAK, found.size) if weak else found


def _match_embedding(provider: str, model: str, written: Written) -> Match:
    found = match_embedding(provider, model, shelf().embeddings)
    if found.rung in ("exact", "alias"):
        return found
    return match_embedding(written.provider, written.model, shelf().embeddings)


def _is_local(provider: str) -> bool:
    return provider in ollama.PROVIDERS


def _match_ollama(written: Written, model: str) -> Match:
    """Ask Ollama's library first: there a bare name is a certain tag, and elsewhere the family."""
    library = shelf().library
    own = model.removeprefix("registry.ollama.ai/")
    if size := library.find(own):
        return Match("alias", size)
    if ("/" in written.model or library.knows(own)) and not ollama.is_sized(own):
        return Match("none")
    found = match(written.provider, written.model, None, shelf().models)
    sparse = found.rung == "parameters" and found.size and _may_be_sparse(found.size)
    return Match("none") if sparse else found


def _by_leading_words(name: Name, named: Size) -> Size | None:
    """Return the model whose name and size this one begins with (``gpt-oss-120b-fast-and-cheap``).

    The number in a name says how large a model is, and not how much of it is at work.
    """
    for form in name.full:
        words = form.split("-")
        for count in range(len(words) - 1, 1, -1):
            size = shelf().models.full("-".join(words[:count]), "")
            if size and 0.9 <= size.total_mid_b / named.total_mid_b <= 1.1:
                return size
    return None


def _may_be_sparse(size: Size) -> bool:
    """Whether only the whole of a model's size is named, and is more than anybody serves dense."""
    dense = size.total_mid_b <= _LARGEST_DENSE_B or size.total_mid_b in _DENSE_B
    return not dense and size.active_mid_b == size.total_mid_b
