"""What must be known of the zone that counts where a request says none, by provider. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from footprint.impact.sizes import read_rows


@dataclass(frozen=True)
class UsualZone:
    """How sure a provider's usual zone is.

    Attributes:
        providers: Providers as LiteLLM names them; empty for all others.
        caveat: What is not known about where they compute, as sentences.
        source: Where the zone and the caveat come from.
    """

    providers: tuple[str, ...]
    caveat: str
    source: str


@cache
def usual_zones() -> tuple[UsualZone, ...]:
    """Return what must be known, that of all other providers last."""
    return tuple(
        UsualZone(tuple(row["providers"].split()), row["caveat"], row["source"])
        for row in read_rows("usual_zones.csv")
    )


def caveat_of(provider: str) -> str:
    """Return what must be known of the usual zone of a provider, in any case of letters."""
    found = usual_zones()
    name = provider.strip().lower()
    return next((one for one in found if name in one.providers), found[-1]).caveat
