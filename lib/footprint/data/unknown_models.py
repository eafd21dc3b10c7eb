"""Models without a factor: the admins' queue, and what an admin says of one."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from footprint.auth import Me
from footprint.data.client import rpc

_COLUMNS = [
    *("provider", "model", "kind", "requests", "tokens_used", "cost_eur"),
    *("first_seen", "last_seen"),
]


@dataclass(frozen=True)
class Unknown:
    """A model without a factor: its name, and whether it is asked for text or for embeddings."""

    provider: str
    model: str
    kind: str


@dataclass(frozen=True)
class Mapped:
    """What a mapping did: how many requests have an impact now, how many are still to be filled."""

    filled: int
    left: int


def unknown_models(me: Me) -> pd.DataFrame:
    """Return the models without a factor, the most tokens first (admins only; never cached).

    Returns:
        Columns ``provider``, ``model``, ``kind`` (text or embedding), ``requests``,
        ``tokens_used``, ``cost_eur`` (None where unknown), ``first_seen`` and ``last_seen`` (UTC).
    """
    table = pd.DataFrame(rpc(me.session, "unknown_models"), columns=_COLUMNS)
    for name in ("requests", "tokens_used", "cost_eur"):
        table[name] = pd.to_numeric(table[name])
    for name in ("first_seen", "last_seen"):
        table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    return table


def map_to_known(me: Me, unknown: Unknown, target: str, source: str) -> Mapped:
    """Say that a model is like a known one of its kind (``target``: provider/model)."""
    target_provider, _, target_model = target.partition("/")
    return _map(
        me,
        unknown,
        {
            "p_source": source,
            "p_target_provider": target_provider,
            "p_target_model": target_model,
        },
    )


def map_to_size(
    me: Me, unknown: Unknown, size_b: tuple[float, float], disclosed: bool, source: str
) -> Mapped:
    """Say how large a model is (active, total, billions), and whether its maker says so."""
    return _map(
        me,
        unknown,
        {
            "p_source": source,
            "p_active_b": size_b[0],
            "p_total_b": size_b[1],
            "p_disclosed": disclosed,
        },
    )


def _map(me: Me, unknown: Unknown, said: dict[str, object]) -> Mapped:
    names = {
        "p_provider": unknown.provider,
        "p_model": unknown.model,
        "p_kind": unknown.kind,
    }
    answer = rpc(me.session, "map_model", names | said)
    return Mapped(int(answer["filled"]), int(answer["left"]))
