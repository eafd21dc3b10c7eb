"""Supabase Lite (PostgREST and Auth in one Node process) over one database, on 127.0.0.1."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from footprint.errors import FootprintError, InputError, ServiceUnavailable
from footprint.local.files import last_line, open_log
from footprint.local.keys import Keys
from footprint.local.npm import node
from footprint.local.processes import Process, find, finish
from footprint.local.sockets import socket_url

ADDRESS = "127.0.0.1"
ANSWER_WAIT_S = 60
RELEASE_WAIT_S = 1.0
HEALTH_WAIT_S = 10  # A server busy with a large batch answers late.
MAIL_TEMPLATES = Path(__file__).parent / "mail"
# The server needs nothing else of ours, least of all the keys of a real deployment.
ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LANG", "NODE_OPTIONS")


@dataclass(frozen=True)
class LiteOptions:
    """How Supabase Auth behaves.

    Args:
        allow_sign_up: whether anyone may make an account for themselves.
        confirm_email: whether a new account must first follow a link in an e-mail.
        app_url: where the links in e-mails lead.
        smtp: ``host:port`` of a mail catcher on this machine; empty keeps e-mails in the data
            folder's ``outbox.jsonl`` and sends nothing.
        providers: sign-in providers by Supabase Auth's names for them (Supabase Lite knows
            ``github`` and ``google``), each with ``client_id``, ``secret`` and perhaps ``url``.
        storage: whether there is a Supabase Storage too, which Supabase Lite calls experimental;
            its files lie in the data folder.
    """

    allow_sign_up: bool = True
    confirm_email: bool = False
    app_url: str = "http://127.0.0.1:8501"
    smtp: str = ""
    providers: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    storage: bool = False

    def __post_init__(self) -> None:
        if self.smtp and not re.fullmatch(r"[A-Za-z0-9.-]+:\d{1,5}", self.smtp):
            raise InputError(
                f"A mail catcher is named as host:port, such as localhost:1025, not {self.smtp!r}."
            )


@dataclass(frozen=True)
class LitePlan:
    """One server to start: what it serves, with which keys, and where it writes."""

    script: Path
    data_dir: Path
    socket_dir: Path
    postgres_pid: int
    database: str
    keys: Keys
    options: LiteOptions
    log_name: str

    @property
    def log(self) -> Path:
        """Where the server's own messages go."""
        return self.data_dir / "logs" / self.log_name

    def configuration(self, port: int) -> dict[str, Any]:
        """Return what `server.mjs` reads as its first line."""
        return {
            "socket_dir": str(self.socket_dir),
            "database": self.database,
            "port": port,
            "publishable_key": self.keys.publishable_key,
            "secret_key": self.keys.secret_key,
            "jwt_secret": self.keys.jwt_secret,
            "site_url": self.options.app_url,
            "allow_sign_up": self.options.allow_sign_up,
            "confirm_email": self.options.confirm_email,
            "outbox": str(self.data_dir / "outbox.jsonl"),
            "mail_templates": str(MAIL_TEMPLATES),
            "smtp": self.options.smtp,
            "providers": self.options.providers,
            "storage": str(self.data_dir / "storage") if self.options.storage else "",
        }


class Lite:
    """A server process we started. It ends with us, unless it is told to `detach`."""

    def __init__(self, plan: LitePlan) -> None:
        self._plan = plan
        log = open_log(plan.log)
        try:
            self._process = subprocess.Popen(
                [str(node()), str(plan.script), str(plan.data_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=plan.script.parent,
                env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                start_new_session=True,
            )
        finally:
            os.close(log)
        self.port = 0
        self._port_asked = 0

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def listen(self, port: int, prepare: Callable[[], object]) -> None:
        """Make the auth schema and the roles, call `prepare`, then serve on `port` (0: any).

        Raises:
            ServiceUnavailable: where the server does not come up; it is gone then.
        """
        self._port_asked = port
        try:
            self._send(json.dumps(self._plan.configuration(port)))
            self._expect("prepared")
            prepare()
            self._send("listen")
            self.port = int(self._expect("listening")["port"])
        except BaseException:
            self.stop()
            raise

    def detach(self) -> None:
        """Let the server outlive this process."""
        self._send("detach")
        self._close()
        # It is meant to run on: without a return code, Python would warn of a forgotten child.
        self._process.returncode = 0

    def stop(self) -> None:
        """End the server."""
        if self._process.poll() is None:
            finish(Process(self.pid), (signal.SIGTERM, 5))
        self._close()
        self._process.poll()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # It has ended; what it said last is waiting to be read.

    def _expect(self, event: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_WAIT_S)
        line = self._process.stdout.readline() if ready else b""
        answer: dict[str, Any] = json.loads(line) if line else {}
        if answer.get("event") != event:
            raise self._failure(answer)
        return answer

    def _failure(self, answer: dict[str, Any]) -> FootprintError:
        if answer.get("code") == "EADDRINUSE":
            return port_taken(self._port_asked)
        reason = str(answer.get("message") or last_line(self._plan.log)).rstrip(".")
        return ServiceUnavailable(f"Supabase Lite did not start: {reason} (see {self._plan.log}).")

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


class Server:
    """Supabase Lite over one more database of the embedded PostgreSQL; it ends with us."""

    def __init__(self, lite: Lite, plan: LitePlan) -> None:
        self._lite = lite
        self.api_url = f"http://{ADDRESS}:{lite.port}"
        self.database_url = socket_url(plan.socket_dir, plan.database)
        self.publishable_key = plan.keys.publishable_key
        self.secret_key = plan.keys.secret_key
        self.jwt_secret = plan.keys.jwt_secret
        self.pid = lite.pid

    def stop(self) -> None:
        """End the server; the database stays."""
        self._lite.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def port_taken(port: int) -> InputError:
    """Return the error for a port that another program listens on."""
    return InputError(f"Port {port} is taken by another program: choose another with --port.")


def port_is_free(port: int) -> bool:
    """Tell whether we could listen on `port`; a server just killed may take a moment to let go."""
    deadline = time.monotonic() + RELEASE_WAIT_S
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                if time.monotonic() > deadline:
                    return False
            else:
                return True
        time.sleep(0.05)


def find_lite(pid: int | None, data_dir: Path) -> Process | None:
    """Return the running server of this data folder, if `pid` is it."""
    return find(pid, str(data_dir))


def answers(port: int) -> bool:
    """Tell whether the server on `port` answers."""
    try:
        url = f"http://{ADDRESS}:{port}/health"
        return httpx.get(url, timeout=HEALTH_WAIT_S, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
