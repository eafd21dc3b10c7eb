"""Which models, providers and teams a page is about, and which there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, rpc


@dataclass(frozen=True)
class Filters:
    """The names that are wanted; an empty tuple wants all."""

    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether anything is left out."""
        return bool(self.models or self.providers or self.teams)

    def arguments(self, *kinds: str) -> dict[str, object]:
        """Return the filters of these kinds as a database function takes them; None wants all."""
        return {f"p_{kind}": list(getattr(self, kind)) or None for kind in kinds}


EVERYTHING: Final = Filters()


@dataclass(frozen=True)
class Choices:
    """The names there are, most used first, and each model's place in the palette of charts."""

    models: tuple[str, ...]
    providers: tuple[str, ...]
    # Empty where teams may not be chosen.
    teams: tuple[str, ...]
    places: dict[str, int]


def usage_choices(me: Me, of_organisation: bool = False) -> Choices:
    """Return what can be chosen: of one's own requests, or (admin, finance) of everybody's."""
    return _usage_choices(me.user_id, me.role, of_organisation, me.session)


@st.cache_data(ttl="5m", max_entries=512, show_spinner=False)
def _usage_choices(user_id: str, role: str, of_organisation: bool, _session: Session) -> Choices:
    answer = rpc(_session, "usage_choices", {"p_organisation": of_organisation})
    return Choices(
        models=tuple(row["model"] for row in answer["models"]),
        providers=tuple(answer["providers"]),
        teams=tuple(answer.get("teams") or ()),
        places={
            row["model"]: int(row["place"]) for row in answer["models"] if row["place"] is not None
        },
    )
