"""The one HTTP client of the web process: connections are shared, identities never are."""

from __future__ import annotations

from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from footprint.loopback import LOOPBACK

# Seconds. A person waits behind every call, so a service that is down must be found out quickly.
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 15.0


@cache
def http() -> httpx.Client:
    """Return the shared client: pooled connections, no cookies kept, loopback never proxied.

    It carries no key and no token: every request brings its own headers.
    """
    return httpx.Client(
        timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        mounts=dict.fromkeys(LOOPBACK),
        follow_redirects=False,
    )
