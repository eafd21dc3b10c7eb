"""How the estimates of some models were made: matched how, on what evidence, within what band."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, fetch_all

# Models asked for in one request: names go into the address, which servers cut at some length.
_AT_ONCE = 40
_COLUMNS = ["provider", "model", "match", "evidence", "band"]


def model_evidence(me: Me, factor_set: str, by_model: pd.DataFrame) -> pd.DataFrame:
    """Return on what evidence the models of a table are estimated.

    Args:
        me: who asks.
        factor_set: the set in use.
        by_model: columns ``provider`` and ``model``.

    Returns:
        Columns ``provider``, ``model`` (as in ``by_model``), ``match``, ``evidence`` and ``band``
        (×/÷, 90 %); a model without a factor has no row.
    """
    models = tuple(sorted(zip(by_model["provider"], by_model["model"], strict=True)))
    return _model_evidence(me.user_id, me.role, factor_set, models, me.session)


@st.cache_data(ttl="10m", max_entries=256, show_spinner=False)
def _model_evidence(
    user_id: str,
    role: str,
    factor_set: str,
    models: tuple[tuple[str, str], ...],
    _session: Session,
) -> pd.DataFrame:
    targets = {(provider.lower(), model.lower()): (provider, model) for provider, model in models}
    mapped = _rows(_session, "model_mappings", "provider,model", [model for _, model in targets])
    names = dict(targets)
    for row in mapped:
        asked = names.pop((row["provider"], row["model"]), None)
        if asked:
            names[(row["target_provider"], row["target_model"])] = asked
    factors = _rows(
        _session,
        "impact_factors",
        "provider,model",
        [model for _, model in names],
        {"factor_set": f"eq.{factor_set}", "select": ",".join(_COLUMNS)},
    )
    found = [
        {**row, "provider": asked[0], "model": asked[1], "band": float(row["band"])}
        for row in factors
        if (asked := names.get((row["provider"], row["model"])))
    ]
    return pd.DataFrame(found, columns=_COLUMNS)


def _rows(
    session: Session,
    table: str,
    order: str,
    models: list[str],
    filters: dict[str, str] | None = None,
) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for start in range(0, len(models), _AT_ONCE):
        quoted = (_quoted(model) for model in sorted(set(models[start : start + _AT_ONCE])))
        rows += fetch_all(
            session, table, order, {**(filters or {}), "model": f"in.({','.join(quoted)})"}
        )
    return rows


def _quoted(name: str) -> str:
    """Return a name as PostgREST reads it within a list, whatever characters it has."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
