"""Who made a request, and how far that can be trusted.

In this order: the owner of a verified virtual key; the session (the database knows whose it
is); a header that a chat front end signed; its other headers; what the caller says (LiteLLM's end
user, `user` in the body); nobody. The last two are claims, stored as ``declared``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from footprint.event import KEPT, Attribution
from footprint.ingest import loose
from footprint.ingest.front_ends import FrontEnds, decoded, own_front_ends, signed_person

# What LiteLLM writes where it knows nobody.
FILLERS: Final = frozenset({"default", "unknown", "default_user_id", "litellm_proxy_master_key"})
MASTER_KEY: Final = "litellm_proxy_master_key"
# Of the ids and the name of a person so many characters are kept.
MAX_PERSON: Final = KEPT["user_id"]
_FIELDS: Final = {"name": "user_name"}
_LIMITS: Final = {
    **dict.fromkeys(("user_id", "end_user", "name"), MAX_PERSON),
    "team": KEPT["team"],
    "session_id": KEPT["session_id"],
}

_UUID: Final = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
# Claude Code and others: metadata.user_id = "user_…_session_<uuid>".
_IN_USER: Final = "_session_"


class Person(NamedTuple):
    """Who made a request.

    Args:
        cut: the flags of those of its texts that were longer than what is kept: ``cut: user_id``.
    """

    user_id: str | None = None
    attribution: Attribution = "none"
    end_user: str | None = None
    email: str | None = None
    name: str | None = None
    team: str | None = None
    session_id: str | None = None
    cut: tuple[str, ...] = ()


class Call(NamedTuple):
    """The parts of a call that can say who made it."""

    kwargs: Mapping[str, Any]
    payload: Mapping[str, Any]
    metadata: Mapping[str, Any]
    litellm_params: Mapping[str, Any]
    own_metadata: Mapping[str, Any]


def find_person(call: Call, rules: FrontEnds | None = None) -> Person:
    """Return who made a call, in texts that can be stored.

    Args:
        rules: which headers are read; None for what this process's settings say.
    """
    found = whole_person(call, rules)
    # In this form it costs least in a hook, where next to nothing is ever cut.
    if (
        len(found.user_id or "") <= MAX_PERSON
        and len(found.end_user or "") <= MAX_PERSON
        and len(found.name or "") <= MAX_PERSON
        and len(found.team or "") <= KEPT["team"]
        and len(found.session_id or "") <= KEPT["session_id"]
    ):
        return found
    return _cut(found)


def _cut(person: Person) -> Person:
    long = [name for name, most in _LIMITS.items() if len(getattr(person, name) or "") > most]
    kept = {name: getattr(person, name)[: _LIMITS[name]].rstrip() for name in long}
    return person._replace(**kept, cut=tuple(f"cut: {_FIELDS.get(name, name)}" for name in long))


def whole_person(call: Call, rules: FrontEnds | None = None) -> Person:
    """Return who made a call, in texts that may be longer than what is kept; see `find_person`."""
    metadata = call.metadata
    requester = loose.mapping(metadata.get("requester_metadata"))
    headers = _headers(call, requester)
    rules = rules or own_front_ends()
    claim = _claim(call)
    session = _session(call, requester, headers, rules)
    if claim and _IN_USER in claim:
        claim, _, found = claim.partition(_IN_USER)
        claim, session = claim.rstrip("_") or None, session or loose.text(found)
    team = loose.text(metadata.get("user_api_key_team_alias")) or loose.text(
        metadata.get("user_api_key_team_id")
    )
    email = _header(headers, rules.email) if headers else None
    owner = _known(metadata.get("user_api_key_user_id"))
    if owner and metadata.get("user_api_key_hash") != MASTER_KEY and not _echo(owner, headers):
        own_email = loose.text(metadata.get("user_api_key_user_email"))
        return Person(owner, "verified", claim, own_email, None, team, session)
    if headers and rules.secrets:
        signed = signed_person(headers, rules, _moment(call))
        if signed:
            return Person(signed.user_id, "signed", claim, signed.email, signed.name, team, session)
    user = (_header(headers, rules.user) if headers else None) or owner or email or claim
    name = decoded(_header(headers, rules.name)) if headers else None
    trust: Attribution = "declared" if user else "none"
    return Person(user, trust, claim, email, name, team, session)


def _claim(call: Call) -> str | None:
    """Return the person that the caller names, LiteLLM's own reading first."""
    payload, kwargs = call.payload, call.kwargs
    return (
        _known(payload.get("end_user"))
        or _known(call.metadata.get("user_api_key_end_user_id"))
        or _known(kwargs.get("user"))
        or _known(loose.mapping(kwargs.get("optional_params")).get("user"))
        or _known(loose.mapping(payload.get("model_parameters")).get("user"))
        or _known(call.own_metadata.get("user_id"))
    )


def _moment(call: Call) -> float:
    """Return when a call was made, in seconds since 1970: a token may expire before it ends."""
    started = loose.instant(call.payload.get("startTime"))
    return started or loose.instant(call.kwargs.get("start_time")) or time.time()


def _session(
    call: Call, requester: Mapping[str, Any], headers: Mapping[str, Any], rules: FrontEnds
) -> str | None:
    found = (
        loose.text(call.litellm_params.get("litellm_session_id"))
        or loose.text(call.own_metadata.get("session_id"))
        or loose.text(call.payload.get("session_id"))
        or loose.text(requester.get("session_id"))
        or (_header(headers, rules.session) if headers else None)
    )
    if found:
        return found
    # LiteLLM makes UUIDs of its own; any other trace id is a session that the caller named.
    trace = loose.text(call.payload.get("trace_id"))
    return trace if trace and not _UUID.fullmatch(trace) else None


def _headers(call: Call, requester: Mapping[str, Any]) -> Mapping[str, Any]:
    return (
        loose.mapping(loose.mapping(call.litellm_params.get("proxy_server_request")).get("headers"))
        or loose.mapping(requester.get("headers"))
        or loose.mapping(call.metadata.get("requester_custom_headers"))
    )


def _header(headers: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        found = _known(headers.get(name))
        if found:
            return found
    return None


def _known(value: Any) -> str | None:
    if not value:
        return None
    found = loose.text(value)
    return None if found is None or found.lower() in FILLERS else found


def _echo(owner: str, headers: Mapping[str, Any]) -> bool:
    """Tell whether an owner is only what a header said (LiteLLM's ``user_header_mappings``)."""
    return any(owner == v for k, v in headers.items() if isinstance(k, str) and k[:2] == "x-")
