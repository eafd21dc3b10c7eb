"""Whether a request comes from a page of this app, or from somebody else's."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from footprint.config import get_settings


def is_from_own_page(connection: HTTPConnection) -> bool:
    """Say whether this app's own page made an HTTP request.

    Browsers say so in ``Sec-Fetch-Site`` on https and on localhost; elsewhere ``Origin`` decides.
    A request with neither comes from no browser, and has no business with a cookie.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return "origin" in connection.headers and is_own_origin(connection)


def is_own_origin(connection: HTTPConnection) -> bool:
    """Say whether ``Origin``, where there is one, names the host that was asked or ``APP_URL``'s.

    The latter counts behind a proxy that does not pass the ``Host`` header on. A websocket is told
    by this alone: browsers always send its origin, and no cross-origin rule holds it back.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    own = {connection.headers.get("host"), urlsplit(get_settings().app_url).netloc}
    return urlsplit(origin).netloc in own - {None, ""}
