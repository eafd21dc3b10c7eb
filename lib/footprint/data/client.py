"""Asks PostgREST with the person's own token; every failure ends in one sentence.

No key but the publishable one is ever here: row-level security decides what the answer holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

import httpx

from footprint.config import get_settings
from footprint.data.transport import http
from footprint.errors import AccessDenied, InputError, ServiceUnavailable

# PostgREST cuts every answer at this many rows, without a word.
PAGE_ROWS = 1000
# What our functions answer where the request, not the service, is to be changed.
_REFUSALS = (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.CONFLICT)
_UNAVAILABLE = (
    "The database does not answer right now. Nothing is lost: please try again in a moment."
)


class MissingFunction(ServiceUnavailable):
    """The database has no such function or table: it is of an earlier release."""


class Session(Protocol):
    """A signed-in browser, as far as asking for data goes."""

    @property
    def access_token(self) -> str:
        """A token that is good for the next request."""

    def renewed(self, refused: str | None) -> str:
        """Return a good token other than the one that was turned down."""


def rpc(
    session: Session,
    name: str,
    arguments: Mapping[str, object] | None = None,
    *,
    exact: bool = False,
) -> Any:
    """Call a database function as this person and return its JSON value.

    Args:
        session: whose token is sent; renewed once if it turns out to have expired.
        name: the function in the exposed schema.
        arguments: by parameter name.
        exact: whether numbers with decimals come as `Decimal`, as money must: a float has no more
            than 17 digits.

    Raises:
        AccessDenied: where this person may not ask that.
        InputError: where the function refuses an argument.
        ServiceUnavailable: where the database does not answer or cannot.
    """
    response = _ask(session, "POST", f"rpc/{name}", content=json.dumps(arguments or {}))
    return _read(response, exact=exact)


def fetch_all(
    session: Session, table: str, order: str, filters: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Return every row of a table or view that this person may see, page by page.

    Args:
        session: whose token is sent.
        table: in the exposed schema.
        order: PostgREST's ``order``; its columns must be unique together, or pages would overlap.
        filters: PostgREST filters by column, as ``{"factor_set": "eq.2026.11"}``.

    Raises:
        AccessDenied: where this person may not read it.
        ServiceUnavailable: where the database does not answer or cannot.
    """
    rows: list[dict[str, Any]] = []
    while True:
        page = {"order": order, "limit": str(PAGE_ROWS), "offset": str(len(rows))}
        answer = _read(_ask(session, "GET", table, params={**(filters or {}), **page}))
        rows += answer
        if len(answer) < PAGE_ROWS:
            return rows


def fetch_first(
    session: Session, table: str, order: str, filters: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """Return the first row of a table or view that this person may see; None where there is none.

    Args:
        session: whose token is sent.
        table: in the exposed schema.
        order: PostgREST's ``order``, as ``day``.
        filters: as of `fetch_all`.

    Raises:
        AccessDenied: where this person may not read it.
        ServiceUnavailable: where the database does not answer or cannot.
    """
    page = {"order": order, "limit": "1"}
    rows = _read(_ask(session, "GET", table, params={**(filters or {}), **page}))
    return dict(rows[0]) if rows else None


def change(
    session: Session, table: str, which: Mapping[str, str], values: Mapping[str, object]
) -> None:
    """Change the rows of a table that this person may change.

    Args:
        session: whose token is sent.
        table: in the exposed schema.
        which: columns and the values that the rows have.
        values: columns and their new values.

    Raises:
        AccessDenied: where this person may not change that.
        ServiceUnavailable: where the database does not answer or cannot.
    """
    filters = {column: f"eq.{value}" for column, value in which.items()}
    _read(_ask(session, "PATCH", table, params=filters, content=json.dumps(values)))


def storage(session: Session, method: str, path: str, **request: Any) -> httpx.Response:
    """Ask Supabase Storage as this person; the answer is whatever it says, also that it is absent.

    Args:
        session: whose token is sent.
        method: of HTTP.
        path: below ``/storage/v1/``.
        request: what else httpx is to send.

    Raises:
        ServiceUnavailable: where nothing answers at all.
    """
    return _ask(session, method, path, service="storage/v1", **request)


def _ask(session: Session, method: str, path: str, **request: Any) -> httpx.Response:
    token = session.access_token
    response = _send(method, path, token, request)
    if response.status_code == httpx.codes.UNAUTHORIZED:
        response = _send(method, path, session.renewed(token), request)
    return response


def _send(method: str, path: str, token: str, request: Mapping[str, Any]) -> httpx.Response:
    url, key = get_settings().require_api()
    headers = {"apikey": key, "Authorization": f"Bearer {token}"}
    if "content" in request:
        headers["Content-Type"] = "application/json"
    sent = dict(request)
    service = sent.pop("service", "rest/v1")
    try:
        return http().request(method, f"{url}/{service}/{path}", headers=headers, **sent)
    except httpx.TransportError as error:
        raise ServiceUnavailable(_UNAVAILABLE) from error


def _read(response: httpx.Response, *, exact: bool = False) -> Any:
    body = _body(response, Decimal if exact else float)
    if response.is_success:
        return body
    ours = _our_sentence(body)
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise AccessDenied("Your session has ended: please sign in again.")
    if response.status_code == httpx.codes.FORBIDDEN:
        raise AccessDenied(
            ours or "Your account may not see this: ask an administrator for access."
        )
    if ours and response.status_code in _REFUSALS:
        raise InputError(ours)
    if response.status_code == httpx.codes.NOT_FOUND:
        raise MissingFunction(
            "The database lacks a part of Footprint: an operator should run `footprint migrate`."
        )
    raise ServiceUnavailable(_UNAVAILABLE)


def _body(response: httpx.Response, number: type[Decimal | float]) -> Any:
    if response.is_success and not response.content:
        return None  # a function that answers nothing
    try:
        return json.loads(response.text, parse_float=number)
    except ValueError as error:
        if response.is_success:
            raise ServiceUnavailable(_UNAVAILABLE) from error
        return None


def _our_sentence(body: object) -> str | None:
    """Return what our own functions say to a person; never a message of the database itself."""
    if isinstance(body, dict) and str(body.get("code", "")).startswith("PT"):
        return str(body.get("message") or "") or None
    return None
