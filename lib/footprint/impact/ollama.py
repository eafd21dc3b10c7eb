"""What a name of Ollama's means: a family without a tag is what its registry gives for it. Pure.

`data/ollama_tags.csv` has each family's default, and the tags whose number is not the model's size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from footprint.impact.ladder import Size

PROVIDERS = frozenset({"ollama", "ollama_chat"})
# What a tag says besides the size: how weights are stored or tuned.
_NO_SIZE = re.compile(
    r"^(latest|instruct|chat|text|code|python|base|it|pt|qat|thinking|reasoning|default|v\d.*"
    r"|i?q\d.*|fp16|f16|bf16|fp8|fp4|mxfp[48]|mxfp8|nvfp4|int[48]|mlx|plus|dpo|preview)$"
)
_SIZED = re.compile(r"(^|[-_.])(\d+x)?\d+(\.\d+)?[mbt]($|[-_.])")


@dataclass(frozen=True)
class Tagged:
    """One tag of a family in Ollama's library."""

    family: str
    tag: str
    default: bool
    size: Size


class Library:
    """Tags of Ollama's library.

    Args:
        tags: Each family's default tag, and further ones.
    """

    def __init__(self, tags: Iterable[Tagged]) -> None:
        """Index the tags by family."""
        self._tags: dict[str, dict[str, Size]] = {}
        self._default: dict[str, Size] = {}
        for tagged in tags:
            self._tags.setdefault(tagged.family, {})[tagged.tag] = tagged.size
            if tagged.default:
                self._default[tagged.family] = tagged.size

    def find(self, name: str) -> Size | None:
        """Return the size that a name has in the library; None where it is not in it.

        Args:
            name: ``family`` or ``family:tag``, lower case; ``library/`` before it is set aside.
        """
        family, _, tag = name.removeprefix("library/").partition(":")
        if family not in self._tags:
            return None
        words = tag.split("-")
        for count in range(len(words), 0, -1):
            if size := self._tags[family].get("-".join(words[:count])):
                return size
        plain = not tag or all(_NO_SIZE.match(word) for word in words)
        return self._default[family] if plain else None

    def knows(self, name: str) -> bool:
        """Return whether a family stands in the library."""
        return name.removeprefix("library/").partition(":")[0] in self._tags


def is_sized(name: str) -> bool:
    """Return whether a name says its size (``acme-3b``, ``acme:3b``)."""
    return bool(_SIZED.search(name.replace(":", "-")))
