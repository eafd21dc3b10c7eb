"""Files to import, and a server that misbehaves on purpose."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

TRACE = Path(__file__).parents[2] / "lib/footprint/demo/data/azure_llm_inference_trace_conv.csv.gz"


@dataclass
class Answer:
    """What the server says to one request; `cut` breaks the connection instead."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class Server:
    """A real HTTP server on loopback, with a script of answers; then it accepts everything."""

    script: list[Answer] = field(default_factory=list)
    bodies: list[list[dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, body: bytes, headers: dict[str, str]) -> Answer:
        events = json.loads(body)["p_events"]
        self.bodies.append(events)
        self.headers.append(headers)
        return self.script.pop(0) if self.script else accepted(len(events))


def accepted(count: int) -> Answer:
    body = {"inserted": count, "duplicates": 0, "rejected": [], "unknown_models": []}
    return Answer(200, json.dumps(body).encode())


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = state.answer(body, {k.lower(): v for k, v in self.headers.items()})
            if answer.cut:
                self.connection.close()
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            return

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    state.url = f"http://127.0.0.1:{web.server_address[1]}"
    thread = threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield state
    web.shutdown()
    web.server_close()
    thread.join()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file from bytes, text or lines; ``.gz`` names are compressed."""

    def write_file(name: str, content: bytes | str | Sequence[str]) -> Path:
        if not isinstance(content, bytes):
            text = content if isinstance(content, str) else "\n".join(content) + "\n"
            content = text.encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write_file


@pytest.fixture(scope="session")
def trace_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Azure LLM inference trace, unpacked."""
    path = tmp_path_factory.mktemp("trace") / "AzureLLMInferenceTrace_conv.csv"
    path.write_bytes(gzip.decompress(TRACE.read_bytes()))
    return path
