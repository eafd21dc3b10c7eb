"""Footprint: what an organisation's LLM requests cost and weigh.

What programs use is loaded when it is first asked for, so that ``import footprint`` costs nothing::

    import footprint, litellm
    litellm.callbacks = [footprint.callback]
    footprint.estimate("openai", "gpt-4o", tokens_in=1200, tokens_out=300).impact.energy_kwh
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from footprint.analytics import (
        get_user_analytics,
        get_user_monthly_usage,
        get_user_request_history,
        get_user_token_breakdown,
    )
    from footprint.impact.estimation import estimate
    from footprint.ingest.direct import flush, log_request_to_supabase
    from footprint.ingest.session_map import SessionMap, register_session

    # A footprint.ingest.callback.Hooks, and a LiteLLM CustomLogger where LiteLLM is installed.
    callback: Any

__all__ = [
    "SessionMap",
    "callback",
    "estimate",
    "flush",
    "get_user_analytics",
    "get_user_monthly_usage",
    "get_user_request_history",
    "get_user_token_breakdown",
    "log_request_to_supabase",
    "register_session",
]

_HOMES = {
    "estimate": "footprint.impact.estimation",
    "SessionMap": "footprint.ingest.session_map",
    "register_session": "footprint.ingest.session_map",
    "flush": "footprint.ingest.direct",
    "log_request_to_supabase": "footprint.ingest.direct",
    "get_user_analytics": "footprint.analytics",
    "get_user_monthly_usage": "footprint.analytics",
    "get_user_request_history": "footprint.analytics",
    "get_user_token_breakdown": "footprint.analytics",
}


def __getattr__(name: str) -> Any:
    if name == "callback":
        from footprint.ingest.callback import default_callback

        return default_callback()
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'footprint' has no attribute {name!r}")
