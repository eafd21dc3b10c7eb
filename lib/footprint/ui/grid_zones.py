"""What the grid zones page draws: where requests are computed, and what an admin says of it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from footprint.data.factors import places
from footprint.data.grid_zones import (
    DAYS,
    Deployment,
    deployments_seen,
    forget_zone,
    set_zone,
    zone_overrides,
)
from footprint.impact.engine import Grid
from footprint.impact.usual_zones import caveat_of
from footprint.ui.acts import act
from footprint.ui.formats import Formats
from footprint.ui.page import View
from footprint.ui.tables import styled
from footprint.ui.zones import by_name, zone_name

SAID_BY = {
    "admin": "an administrator",
    "request": "the request itself",
    "region": "its cloud region",
    "several_countries": "a region of several countries: a mean",
    "unknown_region": "the provider's usual one: its region is not known",
    "provider": "the provider's usual one",
    "unknown": "nobody: the world's mix",
}
# Said by nobody about the request itself: what a provider's usual zone rests on is shown beside it.
_ASSUMED = frozenset({"provider", "unknown", "unknown_region"})
ALL = ""


def draw_deployments(view: View) -> pd.DataFrame:
    """Draw the deployments that requests came from, and return them."""
    seen = deployments_seen(view.me)
    if seen.empty:
        st.info(
            f"No request in the last {DAYS} days: what you say here counts once they come.",
            icon=":material/public:",
        )
        return seen
    st.dataframe(
        styled(deployments_table(seen), {"Requests": view.formats.number}),
        hide_index=True,
        column_config={"Model": st.column_config.Column(pinned=True)},
        alt="Deployments with their electricity zone and who says so",
    )
    st.caption(
        f"Requests of the last {DAYS} days. A zone decides on carbon and water, never on energy."
    )
    return seen


def deployments_table(seen: pd.DataFrame) -> pd.DataFrame:
    """Return the deployments under their headings."""
    return pd.DataFrame(
        {
            "Model": seen["model"],
            "Zone": [zone_name(code) for code in seen["zone"]],
            "Zone said by": seen["said_by"].map(SAID_BY),
            "Requests": seen["requests"],
            "Provider": seen["provider"].replace("", "unknown"),
            "Region": seen["region"].fillna("unknown"),
            "Model group": seen["model_group"].fillna("none"),
            "What is not known": [
                caveat_of(provider) if said_by in _ASSUMED else ""
                for provider, said_by in zip(seen["provider"], seen["said_by"], strict=True)
            ],
        }
    )


def draw_set_zone(view: View, factor_set: str, seen: pd.DataFrame) -> None:
    """Draw the form that says where a deployment computes."""
    where = places(view.me, factor_set)
    grids = where.grids
    providers = sorted({*seen["provider"].astype(str).str.lower(), *where.facilities} - {""})
    with st.container(border=True):
        st.header("Say where a deployment computes", anchor=False)
        with st.grid(2, min_column_width=200):
            provider = st.selectbox(
                "Provider",
                providers,
                index=None,
                accept_new_options=True,
                placeholder="Choose one, or type it as LiteLLM names it",
            )
            names = deployment_names(seen, provider or "")
            name = st.selectbox(
                "Deployment",
                list(names),
                format_func=lambda found: names.get(found, found),
                accept_new_options=True,
                help="A region, a model group or a model of this provider.",
            )
        with st.form("set_zone", border=False):
            zone = st.selectbox(
                "Zone",
                by_name(grids),
                index=None,
                format_func=lambda code: zone_label(grids, code, view.formats),
                placeholder="Type to search: a country",
            )
            source = st.text_input("Source", max_chars=1000, placeholder="https://…")
            sent = st.form_submit_button("Use this zone", type="primary", icon=":material/public:")
    if not sent:
        return
    if not provider:
        st.error("Choose or type a provider.", icon=":material/error:")
    elif zone is None:
        st.error("Choose the zone where it computes.", icon=":material/error:")
    elif not source.strip():
        st.error("Say where it is known from: a link or a document.", icon=":material/error:")
    else:
        chosen, code = Deployment(provider.strip().lower(), (name or ALL).strip().lower()), zone
        act(lambda: _set(view, chosen, code, source))


def deployment_names(seen: pd.DataFrame, provider: str) -> dict[str, str]:
    """Return what a zone may be decided for, with labels: all of a provider, and what was seen."""
    names = {ALL: "All of this provider"}
    of_provider = seen[seen["provider"].astype(str).str.lower() == provider.lower()]
    for column, label in (("region", "region"), ("model_group", "model group"), ("model", "model")):
        for name in sorted(set(of_provider[column].dropna().astype(str).str.lower())):
            names.setdefault(name, f"{name} ({label})")
    return names


def zone_label(grids: Mapping[str, Grid], code: str, formats: Formats) -> str:
    """Return a zone as the form lists it."""
    return f"{zone_name(code)}: {formats.number(grids[code].carbon_gco2e_per_kwh)} g CO₂e per kWh"


def draw_overrides(view: View, timezone: str) -> None:
    """Draw what was decided, and the way to take one back."""
    found = zone_overrides(view.me)
    st.header("Decided by administrators", anchor=False)
    if found.empty:
        st.caption("Nothing yet: zones come from requests, regions and providers.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Provider": found["provider"],
                "Deployment": found["deployment"].replace("", "all"),
                "Zone": [zone_name(code) for code in found["zone"]],
                "Source": found["source"],
                "Since": [
                    view.formats.day(at.date())
                    for at in found["created_at"].dt.tz_convert(timezone)
                ],
            }
        ),
        hide_index=True,
        alt="Zones that administrators decided on",
    )
    decided = [
        Deployment(str(row["provider"]), str(row["deployment"])) for _, row in found.iterrows()
    ]
    with st.form("forget_zone"):
        chosen = st.selectbox(
            "Take one back",
            decided,
            index=None,
            format_func=lambda one: f"{one.provider}: {one.name or 'all'}",
            placeholder="Choose one",
        )
        sent = st.form_submit_button("Take it back", icon=":material/undo:")
    if sent and chosen:
        act(lambda: _forget(view, chosen))


def _set(view: View, deployment: Deployment, zone: str, source: str) -> str:
    set_zone(view.me, deployment, zone, source)
    return (
        f"New requests of {_said(deployment)} compute in {zone_name(zone)}. Earlier ones "
        "keep their figures until an operator restates them."
    )


def _forget(view: View, deployment: Deployment) -> str:
    forget_zone(view.me, deployment)
    return f"{_said(deployment).capitalize()}: request, region and provider say the zone again."


def _said(deployment: Deployment) -> str:
    return f"{deployment.provider} ({deployment.name or 'all'})"
