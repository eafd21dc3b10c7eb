"""The part of the loopback provider that works on jobs: what is asked for now and done later.

Background responses, batches with their files, fine-tuning and videos, as OpenAI serves them. A job
is done when it was asked for the third time. A model's name says what else happens: ``…-failed`` and
``…-incomplete`` end so, ``…-never`` never ends.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

# 240 tokens: 200 of input, 40 of output.
USAGE: Json = {
    "input_tokens": 200,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 40,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 240,
}
LINE_USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
READS_UNTIL_DONE = 3


class Jobs:
    """Jobs of one provider.

    Args:
        responses: makes the body of a response from the name of a model.
    """

    def __init__(self, responses: Callable[[str], Json]) -> None:
        self._response = responses
        self._numbers = itertools.count(1)
        self._jobs: dict[str, Json] = {}
        self._reads: dict[str, int] = {}

    def post(self, path: str, body: Json) -> Json | None:
        """Answer a POST; None where it is about no job."""
        parts = path.removeprefix("/v1/").split("/")
        match parts:
            case ["responses"] if body.get("background"):
                made = self._response(str(body["model"]))
                return self._new("resp", made | {"background": True, "status": "queued"})
            case ["batches"]:
                return self._new("batch", _batch(body))
            case ["files"]:
                return self._new("file", _FILE | body)
            case ["fine_tuning", "jobs"]:
                return self._new("ftjob", _fine_tuning(body))
            case ["videos"]:
                return self._new("video", _video(body))
            case ["videos", name, "remix"]:
                return self._new("video", _video(self._jobs[name] | body))
            case [*_, name, "cancel"] if name in self._jobs:
                self._jobs[name] |= {"status": "cancelled", "error": None, "usage": None}
                return self._jobs[name]
        return None

    def get(self, path: str) -> Json | str | None:
        """Answer a GET; None where there is no such thing."""
        parts = path.removeprefix("/v1/").partition("?")[0].split("/")
        match parts:
            case ["responses", "resp_1"]:
                return self._response("gpt-4o")
            case ["responses", _, "input_items"]:
                return {"object": "list", "data": [], "has_more": False}
            case ["files", name, "content"]:
                return self._output(name)
            case ["videos", _, "content"]:
                return "a film"
            case ["batches" | "files" | "videos"] | ["fine_tuning", "jobs"]:
                kind = {"batches": "batch", "files": "file", "videos": "video"}.get(parts[0], "ft")
                found = [job for name, job in self._jobs.items() if name.startswith(kind)]
                return {"object": "list", "data": found, "has_more": False}
            case [*_, name] if name in self._jobs:
                return self._read(name)
        return None

    def delete(self, path: str) -> Json | None:
        """Answer a DELETE; None where there is no such thing."""
        name = path.rpartition("/")[2]
        return {"id": name, "object": "deleted", "deleted": True} if name in self._jobs else None

    def _new(self, prefix: str, body: Json) -> Json:
        name = f"{prefix}_{next(self._numbers):04d}"
        if prefix == "file":
            name = name.replace("_", "-")
        self._jobs[name] = body | {"id": name}
        return self._jobs[name] | ({"usage": None, "output": []} if prefix == "resp" else {})

    def _read(self, name: str) -> Json:
        job = self._jobs[name]
        self._reads[name] = self._reads.get(name, 0) + 1
        model = str(job.get("model", ""))
        if job.get("status") not in ("queued", "in_progress", "validating", "running"):
            return job
        if self._reads[name] < READS_UNTIL_DONE or model.endswith("-never"):
            going = "running" if name.startswith("ftjob") else "in_progress"
            job["status"] = going
            return job | ({"usage": None, "output": []} if name.startswith("resp") else {})
        self._finish(name, job, model)
        return job

    def _finish(self, name: str, job: Json, model: str) -> None:
        if name.startswith("resp"):
            job |= {"status": "completed", "usage": USAGE}
            if model.endswith("-failed"):
                error = {"code": "server_error", "message": "no"}
                job |= {"status": "failed", "usage": None, "error": error}
            elif model.endswith("-incomplete"):
                reason = {"reason": "max_output_tokens"}
                job |= {"status": "incomplete", "incomplete_details": reason}
        elif name.startswith("batch"):
            counts = {"total": 3, "completed": 2, "failed": 1}
            output = {"output_file_id": name.replace("batch_", "file-out-")}
            job |= {"status": "completed", "request_counts": counts, "completed_at": 9} | output
        elif name.startswith("ftjob"):
            tuned = {"fine_tuned_model": f"ft:{model}:org::1", "finished_at": 9}
            job |= {"status": "succeeded", "trained_tokens": 5000} | tuned
        else:
            job |= {"status": "completed", "progress": 100, "completed_at": 9}

    def _output(self, name: str) -> str:
        """Return what a batch of two answered and one refused request wrote."""
        batch = self._jobs.get(name.replace("file-out-", "batch_"), {})
        model = self._jobs.get(str(batch.get("input_file_id")), {}).get("model", "gpt-4o")
        body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model}
        message = {"role": "assistant", "content": "hello world"}
        answer = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        good = {
            "status_code": 200,
            "request_id": "r",
            "body": body | answer | {"usage": LINE_USAGE},
        }
        bad = {"status_code": 400, "request_id": "r", "body": {"error": {"message": "no"}}}
        lines = [
            {"id": f"line_{n}", "custom_id": f"{n}", "response": response, "error": None}
            for n, response in enumerate((good, good, bad))
        ]
        return "\n".join(map(json.dumps, lines))


_FILE: Json = {
    **{"object": "file", "bytes": 10, "created_at": 1, "filename": "in.jsonl"},
    **{"purpose": "batch", "status": "processed"},
}


def _batch(body: Json) -> Json:
    return {
        **{"object": "batch", "endpoint": "/v1/chat/completions", "errors": None},
        **{"input_file_id": body.get("input_file_id"), "completion_window": "24h"},
        **{"created_at": 1, "status": "validating", "output_file_id": None},
        **{"request_counts": {"total": 0, "completed": 0, "failed": 0}},
    }


def _fine_tuning(body: Json) -> Json:
    return {
        **{"object": "fine_tuning.job", "model": body["model"], "created_at": 1, "seed": 1},
        **{"training_file": body.get("training_file"), "status": "running", "result_files": []},
        **{"fine_tuned_model": None, "finished_at": None, "trained_tokens": None, "error": None},
        **{"hyperparameters": {"n_epochs": 1}, "organization_id": "org", "validation_file": None},
    }


def _video(body: Json) -> Json:
    return {
        **{"object": "video", "model": body.get("model", "sora-2"), "created_at": 1},
        **{"status": "queued", "progress": 0, "seconds": str(body.get("seconds", "4"))},
        **{"size": "720x1280", "error": None},
    }
