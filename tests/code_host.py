"""A sign-in provider on loopback that speaks OAuth 2.0 as GitHub does, with people of its own."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT_ID, CLIENT_SECRET = "footprint", "between the provider and Supabase Auth"

_CONSENT = """<!doctype html><title>Code host</title><h1>Code host</h1>
<form method="post" action="/approve?{query}"><label>Login <input name="login"></label>
<button name="answer" value="yes">Authorise</button>
<button name="answer" value="no">Cancel</button></form>"""


class CodeHost(ThreadingHTTPServer):
    """Knows people by their login; each has one e-mail address, verified or not."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.verified: dict[str, bool] = {}
        self.codes: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def has(self, login: str, *, verified: bool = True) -> str:
        """Give somebody an account here; return their e-mail address."""
        self.verified[login] = verified
        return f"{login}@example.net"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/login/oauth/authorize":
            known = asked.get("client_id") == CLIENT_ID and "state" in asked
            self._answer(
                200 if known else 400, _CONSENT.format(query=escape(parts.query)), "text/html"
            )
            return
        login = self._host.tokens.get(self.headers.get("authorization", "").removeprefix("Bearer "))
        if login is None:
            self._answer(401, "{}")
        elif parts.path == "/api/v3/user":
            user = {"id": 1000 + list(self._host.verified).index(login), "login": login}
            self._answer(200, json.dumps(user | {"name": login.title()}))
        else:
            verified = self._host.verified[login]
            mail = {"email": f"{login}@example.net", "verified": verified, "primary": True}
            self._answer(200, json.dumps([mail]))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        parts = urlsplit(self.path)
        if parts.path == "/approve":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self._send_back(asked, form)
            return
        login = self._host.codes.pop(form.get("code", ""), None)
        if login is None or form.get("client_secret") != CLIENT_SECRET:
            self._answer(200, json.dumps({"error": "bad_verification_code"}))
            return
        token = uuid.uuid4().hex
        self._host.tokens[token] = login
        self._answer(200, json.dumps({"access_token": token, "token_type": "bearer"}))

    def _send_back(self, asked: dict[str, str], form: dict[str, str]) -> None:
        back = {"state": asked["state"]}
        if form["answer"] == "yes":
            back["code"] = uuid.uuid4().hex
            self._host.codes[back["code"]] = form["login"]
        else:
            back["error"] = "access_denied"
        self.send_response(302)
        self.send_header("location", f"{asked['redirect_uri']}?{urlencode(back)}")
        self.send_header("content-length", "0")
        self.end_headers()

    @property
    def _host(self) -> CodeHost:
        return cast(CodeHost, self.server)

    def _answer(self, status: int, body: str, kind: str = "application/json") -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def open_code_host() -> Iterator[CodeHost]:
    """Serve a code host until the block ends."""
    with CodeHost() as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield host
        host.shutdown()
