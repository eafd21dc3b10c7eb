"""Which calls are no request, and which are events of a provider's job. Pure: no I/O, no clock.

A background response, a batch, a fine-tuning or a video is asked for once, asked after many times,
and billed once. LiteLLM calls a hook for each of these calls, and prices some of them each time.
All events of one job name it (``job_id``), and the database keeps one row of them, see
``sql/072_jobs.sql``. What only administers (files, lists, deletions) is not recorded at all.

An answer of the Responses API can be read again later: it names its job with `ANSWERED` behind it.
Such a row stands for itself, and what is read later is not counted beside it.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from footprint.event import EARLIEST, MAX_MODEL, MAX_TOKENS, Status, event_key
from footprint.ingest import loose
from footprint.ingest.attribution import Call
from footprint.ingest.charge import BROKE_OFF, NO_PRICE, NO_USAGE
from footprint.ingest.job_calls import Kind, deed_of
from footprint.ingest.pricing import NOT_BILLED

# Id of a deployment → LiteLLM's name of its model, None where there is no such deployment.
Deployed: TypeAlias = Callable[[str], "str | None"]

ANSWERED: Final = ":answered"
# The job has not ended; who made it is not known, but who read it.
OPEN: Final = "job_open"
READ: Final = "job_read"
SEVERAL_MODELS: Final = "several_models"
NOT_ENDED: Final = "unknown: the job has not ended"

_BY_MODEL: Final = "unread: batch_usage_by_model."
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_S: Final = EARLIEST.timestamp()
# What may be answered at once, and read again later.
_ANSWERS: Final = ("response", "interaction")
_GOING: Final = frozenset(
    {
        *("queued", "in_progress", "validating", "finalizing", "cancelling", "running", "pending"),
        *("validating_files", "processing", "requires_action", "paused"),
    }
)
_STATUSES: Final[Mapping[str, Status]] = {
    **dict.fromkeys(("completed", "complete", "incomplete", "succeeded"), "success"),
    **dict.fromkeys(("failed", "expired", "error", "budget_exceeded"), "failure"),
    **dict.fromkeys(("cancelled", "canceled"), "cancelled"),
}
# LiteLLM puts where a job lives into its id, in base64 behind the prefix: "litellm:…" or
# "litellm_proxy…", and in some the provider.
_BEGINS: Final = "bGl0ZWxsb"
_LONGEST_PREFIX: Final = 20
_MARKS: Final = ("response_id:", "video_id:", "llm_batch_id:", ";raw_id,")
_PROVIDER: Final = "custom_llm_provider:"
# Of a response, not of what is in its output.
_WRITTEN_ID: Final = re.compile(r'"id"\s*:\s*"(resp[^"]{1,1000})"')
_FAR: Final = 20_000
_COST_POLL: Final = "_background_cost"


class State(NamedTuple):
    """What an answer says of its job.

    Args:
        status: how it ended; None while it has not.
        nothing_used: it ended before anything was worked on.
    """

    status: Status | None
    nothing_used: bool


def is_no_request(kwargs: Mapping[str, Any], response: Any, *, failed: bool) -> bool:
    """Tell whether a call only administers, or asks after a job and learns nothing of it.

    Args:
        kwargs: LiteLLM's ``model_call_details``.
        response: the answer as the hook got it.
        failed: whether the call, not the job, failed.
    """
    deed = deed_of(kwargs)
    if deed is None or (deed[1] == "create" and deed[0] != "interaction"):
        return False
    answer = _answer(loose.mapping(kwargs.get("standard_logging_object")), response)
    if deed[1] == "read":
        if failed or not _field(answer, "id"):
            return True
        # A proxy hands out only what it answered itself.
        return _field(answer, "background") is False and _is_proxied(kwargs)
    return deed[1] == "none" or str(_field(answer, "object")).startswith("vector_store")


def as_job(
    parts: Call,
    response: Any,
    body: dict[str, Any],
    price_source: str,
    deployed: Deployed | None = None,
) -> dict[str, Any]:
    """Return the event of a call with what is known of its job.

    Args:
        parts: the call.
        response: the answer as the hook got it.
        body: the event as of any call, in the form in which it is stored; it is changed.
        price_source: names LiteLLM and its version.
        deployed: which model a deployment leads to; without it some keep the deployment's name.
    """
    deed = deed_of(parts.kwargs)
    if deed is None or deed[1] == "none":
        return body
    kind, is_read = deed[0], deed[1] == "read"
    answer = _answer(parts.payload, response)
    name = _name(parts.kwargs, answer, kind, is_read)
    if name is None or body["status"] != "success":
        return body
    provider, plain = name
    provider = body.get("provider") or provider
    job_id = job_id_of(kind, provider, plain)
    if kind in _ANSWERS and not is_read and not _is_background(answer):
        return body | {"job_id": job_id + ANSWERED}
    state = _state(parts, answer, kind)
    _say_what(body, parts, answer, kind)
    if body["model"] == body.get("model_group") and deployed is not None:
        # So LiteLLM names the model of a batch that was made for a deployment.
        info = loose.mapping(parts.own_metadata.get("model_info"))
        found = deployed(loose.text(info.get("id")) or "")
        body["model"] = _model([found], body)
    if provider is not None:
        body["provider"] = provider
    if kind == "batch" and body.get("price_source") == NO_PRICE:
        _say_what_the_lines_cost(body, parts, price_source)
    _say_how_it_ended(body, state, answer)
    flags = list(body.get("flags", ()))
    if state.status is None:
        flags.append(OPEN)
    if is_read:
        flags.append(READ)
        phase = "open" if state.status is None else "done" if _is_known(body, state) else "ended"
        _say_who_read(body, job_id, phase, _field(answer, "created_at"))
    body |= {"job_id": job_id, "flags": flags}
    return {field: value for field, value in body.items() if value not in (None, [])}


def job_id_of(kind: Kind, provider: str | None, name: str) -> str:
    """Return what names a job in the database: a provider's own name can be of any length."""
    made = hashlib.sha256(f"{provider or ''}|{kind}|{name}".encode("utf-8", "replace"))
    return f"{kind}:{made.hexdigest()[:32]}"


def job_name(text: Any) -> tuple[str | None, str] | None:
    """Return provider (None where it is not in there) and the provider's own id of a job.

    An id of LiteLLM's holds the provider's own in base64; one inside another is unwrapped as well.
    """
    if not isinstance(text, str) or not text:
        return None
    provider = None
    for _ in range(4):
        text = text.removesuffix(_COST_POLL)
        inside = _decoded(text)
        found = _wrapped(inside) if inside else None
        if inside is None or not found:
            break
        _, _, rest = inside.partition(_PROVIDER)
        named = rest.partition(";")[0]
        provider = named if named not in ("", "None") else provider
        text = found
    return provider, text


def _name(
    kwargs: Mapping[str, Any], answer: Any, kind: Kind, is_read: bool
) -> tuple[str | None, str] | None:
    """Return the provider's name of a job, where LiteLLM says it.

    Its proxy encrypts the id in an answer of the Responses API, each time anew, before the hook
    sees it: the id that was asked for and what the provider wrote are as they were.
    """
    if kind == "response" and is_read:
        asked = kwargs.get("response_id")
        asked = asked or loose.mapping(kwargs.get("optional_params")).get("response_id")
        if found := job_name(asked):
            return found
    elif kind == "response" and _is_proxied(kwargs):
        written = kwargs.get("original_response")
        known = _WRITTEN_ID.search(written, 0, _FAR) if isinstance(written, str) else None
        if known is not None:
            return job_name(known[1])
    return job_name(_field(answer, "id"))


def _is_proxied(kwargs: Mapping[str, Any]) -> bool:
    return bool(loose.mapping(kwargs.get("litellm_params")).get("proxy_server_request"))


def _wrapped(inside: str) -> str | None:
    """Return the id that is in a wrapping of LiteLLM's; None where it is of an unknown form."""
    for mark in _MARKS:
        _, is_there, rest = inside.partition(mark)
        if is_there:
            return rest.partition(";")[0]
    if inside.startswith("litellm:") and ";model," in inside:
        return inside[len("litellm:") :].partition(";")[0]
    return None


def _decoded(text: str) -> str | None:
    start = text.find(_BEGINS, 0, _LONGEST_PREFIX + len(_BEGINS))
    if start < 0:
        return None
    code = text[start:].rstrip("=")
    if "-" in code or "_" in code:
        code = code.replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(code + "=" * (-len(code) % 4)).decode()
    except ValueError:
        return None


def _answer(payload: Mapping[str, Any], response: Any) -> Any:
    """Return what answers for the job: LiteLLM's record of it, or the answer itself."""
    recorded = payload.get("response")
    return recorded if isinstance(recorded, dict) and recorded.get("id") else response


def _field(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, Mapping) else getattr(answer, name, None)


def _is_background(answer: Any) -> bool:
    return _field(answer, "background") is True or _field(answer, "status") in (
        *("queued", "in_progress"),
    )


def _state(parts: Call, answer: Any, kind: Kind) -> State:
    said = _field(answer, "status")
    said = said.lower() if isinstance(said, str) else "completed"
    if said in _GOING:
        return State(None, False)
    status = _STATUSES.get(said)
    done, _ = _counts(parts, answer) if kind == "batch" else (None, None)
    if said == "expired" and done:
        status = "success"
    return State(status, status is not None and done == 0)


def _counts(parts: Call, answer: Any) -> tuple[int | None, int | None]:
    """Return how many requests of a batch were answered, and how many were not."""
    hidden = loose.mapping(parts.payload.get("hidden_params"))
    done = loose.count(hidden.get("batch_successful_requests"))
    failed = loose.count(hidden.get("batch_failed_requests"))
    if done is not None or failed is not None:
        return done, failed
    counts = loose.mapping(_field(answer, "request_counts"))
    return loose.count(counts.get("completed")), loose.count(counts.get("failed"))


def _say_what(body: dict[str, Any], parts: Call, answer: Any, kind: Kind) -> None:
    """Name the model and what is used beside tokens."""
    quantities: dict[str, int | float] = dict(body.get("quantities") or {})
    models = [_field(answer, "model")]
    if kind == "batch":
        body["service_tier"] = "batch"
        found = loose.mapping(parts.payload.get("hidden_params")).get("batch_models")
        named = [m for m in found if isinstance(m, str)] if isinstance(found, list) else []
        models = list(dict.fromkeys(named)) or [_field(answer, "model"), body["model"]]
        # The same tokens again, by model.
        body["flags"] = [f for f in body.get("flags", ()) if not f.startswith(_BY_MODEL)]
        if len(set(named)) > 1:
            body["flags"].append(SEVERAL_MODELS)
        done, failed = _counts(parts, answer)
        if done or failed:
            quantities |= {"requests": min((done or 0) + (failed or 0), MAX_TOKENS)}
            quantities |= {"failed_requests": failed} if failed else {}
    elif kind == "fine_tuning":
        if trained := loose.count(_field(answer, "trained_tokens")):
            quantities["trained_tokens"] = trained
    elif kind == "video":
        usage = loose.mapping(parts.metadata.get("usage_object"))
        if seconds := _number(usage.get("duration_seconds")) or _number(_field(answer, "seconds")):
            quantities["video_seconds"] = seconds
    if quantities:
        body["quantities"] = quantities
    body["model"] = _model(models, body)


def _model(models: list[Any], body: Mapping[str, Any]) -> str:
    """Return the first that names a model; the id of a job is none."""
    for model in (*models, body["model"]):
        found = loose.text(model, MAX_MODEL)
        if found and found != "unknown" and not found.startswith(("resp_", "batch_", "video_")):
            head, slash, rest = found.partition("/")
            return rest if slash and rest and head == body.get("provider") else found
    return "unknown"


def _number(value: Any) -> int | float | None:
    try:
        found = loose.number(float(value)) if isinstance(value, str) else loose.number(value)
    except ValueError:
        return None
    if found is None or not 0 < found <= 1e9:
        return None
    return int(found) if found == int(found) else round(found, 6)


def _say_what_the_lines_cost(body: dict[str, Any], parts: Call, price_source: str) -> None:
    """Take LiteLLM's sum over the lines of a batch: the batch itself names no model to price."""
    cost = loose.cost(parts.payload.get("response_cost"))
    if cost and _has_tokens(body):
        body |= {"cost_usd": str(cost), "price_source": price_source}


def _say_how_it_ended(body: dict[str, Any], state: State, answer: Any) -> None:
    """Say status and cost: not what was estimated of a job that has not ended."""
    if body.get("tokens_estimated"):
        for name in [name for name in body if name.startswith(("tokens_", "cost_"))]:
            del body[name]
        body["tokens_estimated"] = False
    if state.status is not None:
        body["status"] = state.status
        if state.status == "failure":
            code = loose.text(loose.mapping(_field(answer, "error")).get("code"), 100)
            body |= {"error_class": "JobFailed", "error_code": code}
    if _has_cost(body):
        return
    if state.nothing_used:
        body |= {"cost_usd": "0", "price_source": NOT_BILLED}
    elif state.status is None:
        body |= {"cost_usd": None, "price_source": NOT_ENDED}
    elif not _has_tokens(body):
        why = NO_USAGE if state.status == "success" else BROKE_OFF
        body |= {"cost_usd": None, "price_source": why}


def _has_cost(body: Mapping[str, Any]) -> bool:
    return Decimal(body.get("cost_usd") or 0) > 0


def _has_tokens(body: Mapping[str, Any]) -> bool:
    return any(
        body.get(name) for name in body if name.startswith("tokens_") and name != "tokens_estimated"
    )


def _is_known(body: Mapping[str, Any], state: State) -> bool:
    """Tell whether it is known what a job used."""
    used = _has_tokens(body) or _has_cost(body) or state.nothing_used
    return used or "trained_tokens" in body.get("quantities", ())


def _say_who_read(body: dict[str, Any], job_id: str, phase: str, created_at: Any) -> None:
    """Make the event of a job that was read the same for whoever reads it, whenever.

    It began when the provider says; the call that read it, and how long that took, are not its own.
    """
    body["event_id"] = event_key(job_id, phase, _EPOCH)
    created = loose.instant(created_at)
    read_at = datetime.fromisoformat(body["started_at"])
    if created is not None and _EARLIEST_S <= created < read_at.timestamp():
        body["started_at"] = datetime.fromtimestamp(created, UTC).isoformat()
    for name in ("litellm_call_id", "latency_s", "time_to_first_token_s", "stream"):
        body.pop(name, None)
