"""``POST /api/request-event`` and ``POST /api/litellm``: usage that other programs report.

They know no cookie and no session, only an ingest key, so that no page of anybody's can use them in
a visitor's name. Nothing is acknowledged that is not in the database or on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from footprint.api.bodies import BadBody, Reading, items_of, litellm_event, read, usage_events
from footprint.api.mailroom import (
    BatchTooLarge,
    KeyRefused,
    Mailbox,
    Receipt,
    is_known,
    mailroom,
    name_of,
)
from footprint.api.problems import Problem
from footprint.auth.limits import Limiter
from footprint.config import get_settings
from footprint.errors import ConfigurationError, InputError, ServiceUnavailable

MINUTE_S: Final = 60.0
REQUESTS_PER_KEY: Final = 600
# Of an address whose key is not known yet; refused keys count, accepted ones do not.
STRANGERS_PER_ADDRESS: Final = 30
BY_KEY: Final = Limiter(REQUESTS_PER_KEY, MINUTE_S)
BY_ADDRESS: Final = Limiter(STRANGERS_PER_ADDRESS, MINUTE_S)
RETRY_AFTER_S: Final = 30
MAX_KEY_CHARS: Final = 200
# Seconds that a body may take to arrive: 32 MiB at half a megabyte a second.
BODY_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Limits:
    """What one request may bring."""

    max_bytes: int
    max_items: int


REQUEST_EVENT: Final = Limits(5 * 1024 * 1024, 1000)
LITELLM: Final = Limits(32 * 1024 * 1024, 5000)


async def request_event(request: Request) -> Response:
    """Take one request or a list, and answer with what they cost and weigh."""
    idempotency = request.headers.get("idempotency-key", "").strip()[:MAX_KEY_CHARS] or None

    def reader(key: str) -> Callable[[list[Any]], Reading]:
        encoded = usage_events(name_of(key), idempotency)
        return lambda items: read(items, encoded)

    return await _served(request, REQUEST_EVENT, reader, impact=True)


async def litellm(request: Request) -> Response:
    """Take what LiteLLM's ``generic_api`` callback sends; copies of it count once."""
    return await _served(
        request, LITELLM, lambda key: lambda items: read(items, litellm_event), impact=False
    )


async def _served(
    request: Request,
    limits: Limits,
    reader: Callable[[str], Callable[[list[Any]], Reading]],
    *,
    impact: bool,
) -> Response:
    try:
        key = _key(request)
        stranger = _admit(request, key)
        body = await _body(request, limits.max_bytes)
        answer = await run_in_threadpool(_take, key, body, limits, reader(key), impact)
        if stranger:
            BY_ADDRESS.give_back(stranger)
        return answer
    except Problem as problem:
        return problem.response()


def _key(request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = request.headers.get("x-ingest-key") or (bearer if scheme.lower() == "bearer" else "")
    key = key.strip()
    if not key or len(key) > MAX_KEY_CHARS or not (key.isascii() and key.isprintable()):
        raise Problem(
            401, "Send an ingest key as x-ingest-key or as a bearer token; an admin makes one."
        )
    return key


def _mailbox(key: str) -> Mailbox:
    try:
        return mailroom().box(key, get_settings())
    except ConfigurationError as error:
        raise Problem(503, "The app is not connected to a database.", RETRY_AFTER_S) from error


def _admit(request: Request, key: str) -> str | None:
    """Count the request; returns the address it counts for while its key is not known."""
    wait_s = BY_KEY.take(name_of(key))
    stranger = None
    if not is_known(key, get_settings()):
        stranger = request.client.host if request.client else "nowhere"
        wait_s = max(wait_s, BY_ADDRESS.take(stranger))
    if wait_s:
        raise Problem(429, "Too many requests: send larger batches, less often.", wait_s)
    return stranger


async def _body(request: Request, max_bytes: int) -> bytes:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise Problem(415, "Send the body uncompressed.")
    too_large = Problem(413, f"At most {max_bytes // 1024**2} MiB in one request: send less.")
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > max_bytes:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for part in request.stream():
                size += len(part)
                if size > max_bytes:
                    raise too_large
                parts.append(part)
    except TimeoutError as error:
        raise Problem(408, "The body took too long to arrive: send smaller batches.") from error
    except ClientDisconnect as error:
        raise Problem(400, "The request broke off.") from error
    return b"".join(parts)


def _take(
    key: str,
    body: bytes,
    limits: Limits,
    reader: Callable[[list[Any]], Reading],
    impact: bool,
) -> Response:
    try:
        items = items_of(body)
    except BadBody as error:
        raise Problem(400, str(error)) from error
    if len(items) > limits.max_items:
        raise Problem(413, f"At most {limits.max_items} items in one request: send less.")
    reading = reader(items)
    box = _mailbox(key)
    try:
        receipt = box.store(reading.ids, reading.lines, impact=impact)
    except KeyRefused as error:
        raise Problem(401, str(error)) from error
    except ServiceUnavailable as error:
        raise Problem(503, str(error), RETRY_AFTER_S) from error
    except BatchTooLarge as error:
        raise Problem(413, str(error)) from error
    except InputError as error:
        raise Problem(422, str(error)) from error
    finally:
        box.refused(len(reading.rejected))
        if not box.known:
            mailroom().forget_strangers()
    return _answer(reading, receipt, impact)


def _answer(reading: Reading, receipt: Receipt, impact: bool) -> Response:
    rejected = list(reading.rejected)
    events = []
    for index, name in zip(reading.indexes, reading.ids, strict=True):
        if name in receipt.rejected:
            rejected.append((index, receipt.rejected[name]))
        elif name in receipt.dropped:
            rejected.append((index, "was not taken because the disk is full: send it again"))
        else:
            known = receipt.events.get(name)
            weighs = {k: v for k, v in known.items() if k != "event_id"} if known else None
            events.append({"index": index, "event_id": name, "impact": weighs})
    errors = [{"index": index, "reason": reason} for index, reason in sorted(rejected)]
    if errors and not events:
        if len(receipt.dropped) == len(reading.ids) > 0:
            raise Problem(503, "The disk is full: send again later.", RETRY_AFTER_S)
        raise Problem(422, "None of the items can be used.", errors=errors)
    answer: dict[str, Any] = {
        "accepted": len(events),
        "duplicates": receipt.duplicates,
        "rejected": errors,
    }
    if impact:
        answer["events"] = events
    status = 202 if receipt.waiting else 201
    return JSONResponse(answer, status, {"cache-control": "no-store"})
