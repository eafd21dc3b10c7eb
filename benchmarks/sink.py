"""A server on loopback that says yes to everything and keeps nothing, in a process of its own.

It takes what loggers send and answers as an LLM provider. It reads no more than it must: what it
uses of the machine's cores, the programs that are measured lack.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_ANSWER: Final = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "hello"},
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
    }
).encode()


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


class _Yes(asyncio.Protocol):
    """One connection: a request after the other, each with a content-length or without a body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._held = bytearray()

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._held[:end]).lower()
            _, _, length = head.partition(b"\r\ncontent-length:")
            whole = end + 4 + int(length.partition(b"\r\n")[0] or 0)
            if len(self._held) < whole:
                return
            answer = _answer(head.partition(b" http/")[0], bytes(self._held[end + 4 : whole]))
            del self._held[:whole]
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n%b" % (len(answer), answer)
            )


def _answer(asked: bytes, body: bytes) -> bytes:
    if asked.endswith(b"/chat/completions"):
        return _ANSWER
    if asked.endswith(b"/ingest_request_logs"):
        # Ids are counted, not read: it is the hosts' cores that are measured.
        report = {
            "inserted": body.count(b'"event_id":'),
            "duplicates": 0,
            "rejected": [],
            "unknown_models": [],
        }
        return json.dumps(report).encode()
    return b"[]"


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Yes, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
