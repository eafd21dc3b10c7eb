"""``GET /export/…``: a month as a file, or a receipt, to whoever the session cookie names.

The database decides who may have it. Whoever else has the address gets a sentence, and so does a
page of another site: a link there cannot make a finance person's browser fetch the books.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from footprint.auth.cookies import cookie_names, unseal
from footprint.auth.gotrue import SessionEnded
from footprint.auth.origin import is_own_origin
from footprint.auth.routes import page, refusal
from footprint.auth.sessions import STORE, AuthSession
from footprint.config import get_settings
from footprint.data.exports import KINDS, begin_export, check_export, export_pages
from footprint.data.receipts import TYPES, read_receipt
from footprint.errors import AccessDenied, InputError, ServiceUnavailable, WrongFigures
from footprint.finance.dialects import DIALECTS, Dialect
from footprint.finance.faults import fault_text
from footprint.finance.files import file_name, write_file

_MONTH = re.compile(r"(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEADERS = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}


async def export(request: Request) -> Response:
    """Answer with the file, or with the sentence that says why not."""
    if not _is_asked_for_here(request):
        return refusal()
    kind = request.path_params["kind"]
    asked = _MONTH.fullmatch(request.query_params.get("month", ""))
    dialect = DIALECTS.get(request.query_params.get("dialect", "plain"))
    if kind not in KINDS or asked is None or dialect is None:
        return page(
            404, "No such file", "Choose month and file on the Finance page, and try again."
        )
    month = date(int(asked[1]), int(asked[2]), 1)
    return await _answered(request, lambda session: _begin(session, kind, month, dialect))


async def receipt(request: Request) -> Response:
    """Answer with the receipt of that SHA-256, or with the sentence that says why not."""
    if not _is_asked_for_here(request):
        return refusal()
    name = request.path_params["name"]
    if not _SHA256.fullmatch(name):
        return page(404, "No such file", "Choose the receipt on the Restoration page.")
    return await _answered(request, lambda session: _receipt(session, name))


async def _answered(request: Request, begin: Callable[[AuthSession], Response]) -> Response:
    """Return what ``begin`` makes for who is signed in, or the sentence that says why not."""
    settings = get_settings()
    sealed = unseal(request.cookies.get(cookie_names(settings).session), settings)
    session = STORE.resolve(sealed)
    if session is None:
        return page(401, "Please sign in", "Sign in to Footprint, then download the file again.")
    try:
        return await run_in_threadpool(begin, session)
    except SessionEnded:
        return page(401, "Please sign in", "Your session has ended: sign in again.")
    except AccessDenied as error:
        return page(403, "Not for this account", str(error))
    except InputError as error:
        return page(400, "That did not work", str(error))
    except WrongFigures as error:
        return page(409, "The month does not add up", str(error))
    except ServiceUnavailable as error:
        return page(503, "A service is not answering", str(error))


def export_address(kind: str, month: date, dialect: Dialect) -> str:
    """Return where a month's file is, below the app's own address."""
    return f"/export/{kind}.csv?month={month:%Y-%m}&dialect={dialect.name}"


def receipt_address(name: str) -> str:
    """Return where the receipt of a SHA-256 is, below the app's own address."""
    return f"/export/receipt/{name}"


def _receipt(session: AuthSession, name: str) -> Response:
    found = read_receipt(session, name)
    kind = TYPES.get(found.media_type, "bin")
    return Response(
        found.content,
        media_type="application/octet-stream" if kind == "bin" else found.media_type,
        headers=_HEADERS
        | {"content-disposition": f'attachment; filename="receipt-{name[:12]}.{kind}"'},
    )


def _begin(session: AuthSession, kind: str, month: date, dialect: Dialect) -> Response:
    begun = begin_export(session, kind, month)
    if begun.faults is not None:
        raise WrongFigures(f"{fault_text(begun, begun.faults)} Until then there is no file.")
    pages = export_pages(session, begun)
    content: Iterator[bytes] = write_file(
        begun, pages, dialect, lambda: check_export(session, begun)
    )
    return StreamingResponse(
        content,
        media_type="text/csv; charset=utf-8",
        headers=_HEADERS | {"content-disposition": f'attachment; filename="{file_name(begun)}"'},
    )


def _is_asked_for_here(request: Request) -> bool:
    """Say whether our own page, or the reader's own hand, asked; not another site.

    Where the app is served without https, browsers say nothing of it: the cookie, which is
    SameSite, is then what keeps another site's embedded requests without a session.
    """
    site = request.headers.get("sec-fetch-site")
    return is_own_origin(request) if site is None else site in ("same-origin", "none")


ROUTES = [
    Route("/export/{kind}.csv", export, methods=["GET"]),
    Route("/export/receipt/{name}", receipt, methods=["GET"]),
]
