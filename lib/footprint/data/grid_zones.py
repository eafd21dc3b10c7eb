"""Where requests are computed: the deployments seen, and the zones that admins decided on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from footprint.auth import Me
from footprint.data.client import fetch_all, rpc

# Requests of so many days say which deployments there are.
DAYS = 90
_SEEN = ["provider", "region", "model_group", "model", "requests", "last_seen", "zone", "said_by"]
_OVERRIDES = ["provider", "deployment", "zone", "source", "created_at"]


@dataclass(frozen=True)
class Deployment:
    """What a zone is decided for: a region, model group or model of a provider; '' for all."""

    provider: str
    name: str


def deployments_seen(me: Me) -> pd.DataFrame:
    """Return the deployments of the last 90 days, the most requests first (admins; never cached).

    Returns:
        Columns ``provider``, ``region``, ``model_group`` (both None where not known), ``model``,
        ``requests``, ``last_seen`` (UTC), ``zone`` and ``said_by``: admin, request, region,
        several_countries (a region of several), unknown_region, provider (its usual one) or
        unknown.
    """
    table = pd.DataFrame(rpc(me.session, "deployments_seen", {"p_days": DAYS}), columns=_SEEN)
    table["requests"] = pd.to_numeric(table["requests"])
    table["last_seen"] = pd.to_datetime(table["last_seen"], utc=True, format="ISO8601")
    return table


def zone_overrides(me: Me) -> pd.DataFrame:
    """Return what admins decided, by provider and deployment (never cached).

    Returns:
        Columns ``provider``, ``deployment`` ('' for all of the provider), ``zone``, ``source`` and
        ``created_at`` (UTC).
    """
    rows = fetch_all(me.session, "zone_overrides", "provider,deployment")
    table = pd.DataFrame(rows, columns=_OVERRIDES)
    table["created_at"] = pd.to_datetime(table["created_at"], utc=True, format="ISO8601")
    return table


def set_zone(me: Me, deployment: Deployment, zone: str, source: str) -> None:
    """Say where a deployment computes, for new requests."""
    _set(me, deployment, zone, source)


def forget_zone(me: Me, deployment: Deployment) -> None:
    """Take back what was said of a deployment, for new requests."""
    _set(me, deployment, "", "")


def _set(me: Me, deployment: Deployment, zone: str, source: str) -> None:
    arguments = {
        "p_provider": deployment.provider,
        "p_deployment": deployment.name,
        "p_zone": zone,
        "p_source": source,
    }
    rpc(me.session, "set_zone_override", arguments)
