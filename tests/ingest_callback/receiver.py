"""A real HTTP server on loopback that stores events as the database does, and misbehaves on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Events = list[dict[str, Any]]


@dataclass
class Fault:
    """What one request meets instead of an answer.

    Args:
        status: HTTP status; 0 breaks the connection.
        commit: whether the events are stored all the same.
        delay_s: how long the server thinks first.
    """

    status: int = 500
    body: bytes = b"<html>Bad gateway</html>"
    headers: dict[str, str] = field(default_factory=dict)
    commit: bool = False
    delay_s: float = 0.0


@dataclass
class Receiver:
    """The server's memory. `faults` are met first; then `rule` decides for each request."""

    url: str = ""
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    duplicates: int = 0
    requests: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rule: Callable[[Events], Fault | None] = lambda events: None
    reject: Callable[[dict[str, Any]], str | None] = lambda event: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, events: Events) -> Fault:
        with self.lock:
            self.requests.append(len(events))
            fault = self.faults.pop(0) if self.faults else self.rule(events)
            if fault is not None and not fault.commit:
                return fault
            rejected = [
                {"event_id": e["event_id"], "index": index, "reason": reason}
                for index, e in enumerate(events)
                if (reason := self.reject(e)) is not None
            ]
            good = [e for e in events if self.reject(e) is None]
            new = [e for e in good if e["event_id"] not in self.stored]
            self.duplicates += len(good) - len(new)
            self.stored.update({e["event_id"]: e for e in new})
            self._drop_abandoned_that_ended()
            if fault is not None:
                return fault
            body = {
                "inserted": len(new),
                "duplicates": len(good) - len(new),
                "rejected": rejected,
                "unknown_models": [],
            }
            return Fault(200, json.dumps(body).encode())

    def _drop_abandoned_that_ended(self) -> None:
        """Do as `private.drop_abandoned_that_ended` does, with the rule of `private.is_end_of`."""
        ended: dict[str, list[tuple[datetime, datetime]]] = {}
        for event in self.stored.values():
            if event["status"] != "abandoned" and "latency_s" in event:
                start = datetime.fromisoformat(event["started_at"])
                ended.setdefault(event.get("litellm_call_id", ""), []).append(
                    (
                        start - timedelta(milliseconds=10),
                        start + timedelta(seconds=event["latency_s"]),
                    )
                )
        for key, event in list(self.stored.items()):
            if event["status"] == "abandoned" and any(
                first <= datetime.fromisoformat(event["started_at"]) <= last
                for first, last in ended.get(event["litellm_call_id"], ())
            ):
                del self.stored[key]

    def wait_for(self, count: int, timeout_s: float = 15.0) -> None:
        deadline = time.monotonic() + timeout_s
        while len(self.stored) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.stored) == count


@contextmanager
def serving(receiver: Receiver, port: int = 0) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without this, answers of a few hundred bytes wait 40 ms for an acknowledgement.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = receiver.answer(json.loads(body)["p_events"])
            if answer.delay_s:
                time.sleep(answer.delay_s)
            if answer.status == 0:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            return

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, ValueError):
                return

    class Web(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            return

    web = Web(("127.0.0.1", port), Handler)
    receiver.url = f"http://127.0.0.1:{web.server_address[1]}"
    thread = threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        web.shutdown()
        web.server_close()
        thread.join()
