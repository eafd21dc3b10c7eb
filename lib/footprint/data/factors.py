"""The figures that impacts are derived with, as this deployment has them, and what was restated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, fetch_all, rpc
from footprint.data.usage import number
from footprint.impact.engine import Facility, Factor, Grid

_FACTOR = (
    "provider,model,match,evidence,energy_j_per_token_out,embodied_gco2e_per_token_out,band,"
    "weight_input,weight_cached,host_overhead,parameters_active_b,parameters_total_b,sources,"
    "kind,embodied_gco2e_per_token_in"
)


@dataclass(frozen=True)
class Places:
    """Where requests are answered: data centres by provider ('' for unknown), mixes by zone."""

    facilities: dict[str, Facility]
    grids: dict[str, Grid]

    def of(self, provider: str) -> Facility:
        """Return the data centres of a provider, or those assumed for unknown ones."""
        return self.facilities.get(provider) or self.facilities[""]


def known_models(me: Me, factor_set: str, kind: str | None = None) -> list[str]:
    """Return provider/model of everything that has a factor (of one kind), sorted."""
    known = _known_models(factor_set, me.session)
    return [name for name, of_kind in known if kind in (None, of_kind)]


def factor_of(me: Me, factor_set: str, name: str) -> Factor | None:
    """Return the factor of a provider/model; None where it has none."""
    return _factor_of(factor_set, name, me.session)


def places(me: Me, factor_set: str) -> Places:
    """Return data centres and electricity mixes of a set."""
    return _places(factor_set, me.session)


def factor_set_built(me: Me, factor_set: str) -> str:
    """Return the day a set was built, ISO; empty where the set is not there."""
    return _built(factor_set, me.session)


def restatement_log(me: Me) -> list[dict[str, Any]]:
    """Return all restatements, newest first; totals are there for admins and finance only."""
    return _restatement_log(me.user_id, me.role, me.session)


def restated_months(me: Me, restatement_id: int) -> pd.DataFrame:
    """Return what a restatement changed (admins and finance), by month and model.

    Returns:
        Columns ``month`` (date), ``provider``, ``model``, ``old_factor_set`` ('' where there were
        no figures), ``requests``, and ``old_`` and ``new_`` ``energy_kwh``, ``carbon_gco2e`` and
        ``water_l`` with ``_low`` and ``_high``, NaN where nothing was known.
    """
    table = pd.DataFrame(_restated_months(me.user_id, me.role, restatement_id, me.session))
    names = ["month", "provider", "model", "old_factor_set"]
    for name in table.columns.difference(names):
        table[name] = pd.to_numeric(table[name])
    if not table.empty:
        table["month"] = pd.to_datetime(table["month"]).dt.date
    return table


@st.cache_data(ttl="1m", max_entries=64, show_spinner=False)
def _restated_months(
    user_id: str, role: str, restatement_id: int, _session: Session
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rpc(
        _session, "restated_months", {"p_restatement_id": restatement_id}
    )
    return found


# Everyone signed in reads the same figures: what is cached is shared.
@st.cache_data(ttl="10m", max_entries=4, show_spinner=False)
def _known_models(factor_set: str, _session: Session) -> list[tuple[str, str]]:
    rows = fetch_all(
        _session,
        "impact_factors",
        "provider,model",
        {"factor_set": f"eq.{factor_set}", "select": "provider,model,kind"},
    )
    return [(f"{row['provider']}/{row['model']}", str(row["kind"])) for row in rows]


@st.cache_data(ttl="10m", max_entries=256, show_spinner=False)
def _factor_of(factor_set: str, name: str, _session: Session) -> Factor | None:
    provider, _, model = name.partition("/")
    filters = {
        "factor_set": f"eq.{factor_set}",
        "provider": f"eq.{provider}",
        "model": f"eq.{model}",
    }
    rows = fetch_all(_session, "impact_factors", "factor_id", filters | {"select": _FACTOR})
    if not rows:
        return None
    texts = ("provider", "model", "match", "evidence", "sources", "kind")
    figures = {key: number(value) for key, value in rows[0].items() if key not in texts}
    return Factor(factor_set=factor_set, **{key: rows[0][key] for key in texts}, **figures)  # type: ignore[arg-type]


@st.cache_data(ttl="10m", max_entries=4, show_spinner=False)
def _places(factor_set: str, _session: Session) -> Places:
    of_set = {"factor_set": f"eq.{factor_set}"}
    facilities = fetch_all(_session, "provider_facilities", "provider", of_set)
    grids = fetch_all(_session, "grid_factors", "zone", of_set)
    return Places(
        {
            row["provider"]: Facility(
                row["provider"],
                float(row["pue"]),
                float(row["wue_l_per_kwh"]),
                row["default_zone"],
                row["source"],
                number(row["market_gco2e_per_kwh"]),
                row["market_source"] or "",
            )
            for row in facilities
        },
        {
            row["zone"]: Grid(
                row["zone"],
                float(row["carbon_gco2e_per_kwh"]),
                float(row["water_l_per_kwh"]),
                row["source"],
            )
            for row in grids
        },
    )


@st.cache_data(ttl="10m", max_entries=4, show_spinner=False)
def _built(factor_set: str, _session: Session) -> str:
    filters = {"factor_set": f"eq.{factor_set}", "select": "built_at"}
    rows = fetch_all(_session, "factor_sets", "factor_set", filters)
    return str(rows[0]["built_at"])[:10] if rows else ""


@st.cache_data(ttl="1m", max_entries=256, show_spinner=False)
def _restatement_log(user_id: str, role: str, _session: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rpc(_session, "restatement_log")
    return found
