"""Errors of the HTTP interface as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that cannot be served.

    Args:
        status: HTTP status.
        detail: one sentence: what happened, and what to do.
        retry_after_s: when to come again, in seconds; None for no such hint.
        more: further members of the answer.
    """

    def __init__(
        self, status: int, detail: str, retry_after_s: int | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after_s = retry_after_s
        self.more = more

    def response(self) -> JSONResponse:
        """Return the answer."""
        headers: dict[str, str] = {"cache-control": "no-store"}
        if self.retry_after_s is not None:
            headers["retry-after"] = str(self.retry_after_s)
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["www-authenticate"] = 'Bearer realm="footprint"'
        body: Mapping[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": str(self),
            **self.more,
        }
        return JSONResponse(body, self.status, headers, media_type=MEDIA_TYPE)
