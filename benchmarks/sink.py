"""A server on loopback that says yes to everything and keeps nothing, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def sink() -> Iterator[str]:
    """Start the server; yield its address and stop it in the end."""
    command = [sys.executable, "-m", "benchmarks.sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


class _Yes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without this, an answer waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        answer = b"[]"
        if self.path.endswith("/ingest_request_logs"):
            report = {
                "inserted": len(json.loads(body)["p_events"]),
                "duplicates": 0,
                "rejected": [],
                "unknown_models": [],
            }
            answer = json.dumps(report).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        return


def main() -> None:
    """Serve until terminated; print the port first."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Yes) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
