"""A provider on loopback that speaks OpenAI's, Anthropic's and Cohere's APIs.

It answers 100 input tokens (40 cached) and 50 output tokens (12 reasoning), or 60 + 30 cache read + 10
cache write and 50 in Anthropic's form. A model's name says what happens: ``…-err429`` fails so,
``…-slow`` waits between the parts of a stream, ``…-cut`` breaks a stream off.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from ingest_callback.provider_jobs import Jobs

USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 40},
    "completion_tokens_details": {"reasoning_tokens": 12},
}
ANTHROPIC = {
    "input_tokens": 60,
    "cache_read_input_tokens": 30,
    "cache_creation_input_tokens": 10,
    "output_tokens": 50,
}


RESPONSES = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 40},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 150,
}
IMAGES = {
    "input_tokens": 40,
    "input_tokens_details": {"text_tokens": 40, "image_tokens": 0},
    "output_tokens": 1060,
    "total_tokens": 1100,
}


class Asked(NamedTuple):
    """A request as the provider saw it; ``model`` is empty where the body names none."""

    method: str
    path: str
    model: str


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Replaced for each provider.
    jobs = Jobs(lambda model: {"model": model})
    asked: list[Asked]

    def do_GET(self) -> None:
        self._take_down("GET", "")
        found = self.jobs.get(self.path)
        if isinstance(found, str):
            self._bytes(found.encode(), "application/octet-stream")
        else:
            self._json(found or {"error": {"message": "not found"}}, 200 if found else 404)

    def do_DELETE(self) -> None:
        self._json(self.jobs.delete(self.path) or {"error": {"message": "not found"}})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        if self.path.endswith("/transcriptions"):
            self._take_down("POST", "")
            self._json({"text": "hello world", "duration": 3.2})  # the body is a form
            return
        is_json = "json" in self.headers.get("content-type", "") and raw
        body = json.loads(raw) if is_json else {}
        if self.path.endswith("/files"):
            named = re.search(rb'"model": ?"([^"]+)"', raw)
            body = {"model": named[1].decode()} if named else {}
        self._take_down("POST", str(body.get("model", "")))
        job = self.jobs.post(self.path, body)
        if job is not None:
            self._json(job)
            return
        model = str(body.get("model", ""))
        error = re.search(r"-err(\d{3})$", model)
        if error:
            self._json({"error": {"message": "no", "type": "error"}}, int(error[1]))
        elif self.path.endswith("/messages") and body.get("stream"):
            self._events(self._message_parts(model))
        elif self.path.endswith("/messages"):
            self._json(self._message(model))
        elif self.path.endswith("/responses") and body.get("stream"):
            done = {"type": "response.completed", "response": self._response(model)}
            self._events([done | {"sequence_number": 0}])
        elif self.path.endswith("/responses"):
            self._json(self._response(model))
        elif self.path.endswith("/images/generations"):
            usage: dict[str, Any] = {"usage": IMAGES} if model == "gpt-image-1" else {}
            self._json({"created": 1, "data": [{"b64_json": "aGk="}], **usage})
        elif self.path.endswith("/speech"):
            self._bytes(b"ID3 audio", "audio/mpeg")
        elif self.path.endswith("/rerank"):
            billed = {"billed_units": {"search_units": 1}}
            found = [{"index": 0, "relevance_score": 0.9}]
            self._json({"id": "rr-1", "results": found, "meta": billed})
        elif self.path.endswith("/ocr"):
            pages = [{"index": n, "markdown": "hello"} for n in range(3)]
            used = {"pages_processed": 3, "doc_size_bytes": 9}
            self._json({"pages": pages, "model": model, "usage_info": used, "object": "ocr"})
        elif self.path.endswith("/embeddings"):
            vector = {"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}
            usage = {"prompt_tokens": 7, "total_tokens": 7}
            self._json({"object": "list", "data": [vector], "model": model, "usage": usage})
        elif self.path.endswith("/moderations"):
            result = {"flagged": False, "categories": {}, "category_scores": {}}
            self._json({"id": "modr-1", "model": model, "results": [result]})
        elif body.get("stream"):
            self._stream(model, bool((body.get("stream_options") or {}).get("include_usage")))
        elif "prompt" in body:
            choice = {"index": 0, "text": "hello world", "finish_reason": "stop"}
            self._json(self._answer(model, "text_completion", choice) | {"usage": USAGE})
        else:
            message = {"role": "assistant", "content": "hello world"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            if model.endswith("-slow"):
                time.sleep(3)
            self._json(self._answer(model, "chat.completion", choice) | {"usage": USAGE})

    def _take_down(self, method: str, model: str) -> None:
        # Azure's addresses are OpenAI's with another beginning and the version at the end.
        self.path = re.sub("^/openai/(v1/)?", "/v1/", self.path.partition("?")[0])
        self.asked.append(Asked(method, self.path, model))

    def _answer(self, model: str, kind: str, choice: dict[str, Any]) -> dict[str, Any]:
        # The same id every time, as some gateways do: it must not be taken for a key.
        return {
            "id": "chatcmpl-1",
            "object": kind,
            "created": 1,
            "model": model,
            "choices": [choice],
        }

    def _message(self, model: str) -> dict[str, Any]:
        return {
            **{"id": "msg_1", "type": "message", "role": "assistant", "model": model},
            **{"content": [{"type": "text", "text": "hi there"}], "stop_reason": "end_turn"},
            **{"stop_sequence": None, "usage": ANTHROPIC},
        }

    def _message_parts(self, model: str) -> list[dict[str, Any]]:
        start = self._message(model) | {"content": [], "stop_reason": None}
        start["usage"] = ANTHROPIC | {"output_tokens": 1}
        text = {"type": "text_delta", "text": "hi there"}
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        return [
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0}
            | {"content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": text},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": end, "usage": {"output_tokens": 50}},
            {"type": "message_stop"},
        ]

    @staticmethod
    def _response(model: str) -> dict[str, Any]:
        part = {"type": "output_text", "text": "hello world", "annotations": []}
        message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
        return {
            **{"id": "resp_1", "object": "response", "created_at": 1, "status": "completed"},
            **{"model": model, "output": [message | {"content": [part]}], "usage": RESPONSES},
            **{"parallel_tool_calls": True, "tool_choice": "auto", "tools": []},
        }

    def _events(self, parts: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for part in parts:
            self.wfile.write(b"event: " + str(part["type"]).encode() + b"\n")
            self._chunk(part)

    def _stream(self, model: str, with_usage: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, part in enumerate(("hello", " world", None)):
            if model.endswith("-slow") and number:
                time.sleep(0.3)
            if model.endswith("-cut") and number == 2:
                self.connection.close()
                return
            delta = {"role": "assistant", "content": part} if part else {}
            choice = {"index": 0, "delta": delta, "finish_reason": None if part else "stop"}
            self._chunk(self._answer(model, "chat.completion.chunk", choice))
        if with_usage:
            end = self._answer(model, "chat.completion.chunk", {}) | {"choices": [], "usage": USAGE}
            self._chunk(end)
        self.wfile.write(b"data: [DONE]\n\n")

    def _chunk(self, body: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(body).encode() + b"\n\n")
        self.wfile.flush()

    def _json(self, body: dict[str, Any], status: int = 200) -> None:
        self._bytes(json.dumps(body).encode(), "application/json", status)

    def _bytes(self, content: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError, OSError):
            return

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def providing(asked: list[Asked] | None = None) -> Iterator[str]:
    """Yield the provider's address; ``asked`` fills with what it is asked, if given."""
    own = {"jobs": Jobs(Handler._response), "asked": [] if asked is None else asked}
    handler = type("OneProvider", (Handler,), own)
    web = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    web.daemon_threads = True
    thread = threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_address[1]}"
    finally:
        web.shutdown()
        web.server_close()
        thread.join()
