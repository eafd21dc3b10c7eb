"""From hook calls to the spool: what a callback does, without LiteLLM.

`Recorder.started` and `Recorder.finished` never wait, and never raise: this is the one place with a
blind except, because it runs inside other people's programs. What goes wrong is counted.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from footprint.config import Settings, get_settings
from footprint.errors import ConfigurationError
from footprint.event import MAX_MODEL, UsageEvent
from footprint.ingest import health, loose
from footprint.ingest.attribution import Call, find_person
from footprint.ingest.courier import Courier
from footprint.ingest.delivery import encode, encode_body
from footprint.ingest.deployed import deployed_model
from footprint.ingest.job_calls import deed_of
from footprint.ingest.jobs import READ, is_no_request
from footprint.ingest.normalise import LitellmCall, event_body
from footprint.ingest.raw_prices import raw_prices
from footprint.ingest.recount import recount
from footprint.ingest.spool import Spool

if TYPE_CHECKING:
    from footprint.ingest.content import Content

ANSWER_TIMEOUT_S: Final = 10.0
# Calls whose second hook is known as such: so many at least, twice as many at most.
REMEMBERED: Final = 10_000
# LiteLLM may call a sync and an async hook for one call; nested wrappers differ by a millisecond.
DOUBLE_FIRE_S: Final = 5.0


class Recorder:
    """Puts calls into a spool and has them delivered.

    Args:
        spool: where they wait.
        courier: who delivers them.
        content: what makes prompts and answers part of an event; None sends none.
    """

    def __init__(self, spool: Spool, courier: Courier, content: Content | None = None) -> None:
        self.spool = spool
        self.courier = courier
        self._content = content
        # Calls of late, and those before them: when the first are full the second are forgotten.
        self._seen: dict[tuple[str, str], tuple[str, str]] = {}
        self._seen_before = self._seen
        self._seen_lock = threading.Lock()
        self._price_source: str | None = None

    def started(self, kwargs: Any) -> None:
        """Take note of a call that goes to a provider now."""
        try:
            mark = mark_of(loose.mapping(kwargs))
            if mark is not None:
                self.spool.start_call(mark["litellm_call_id"], mark)
        except Exception as error:
            self._fault(error)

    def finished(self, kwargs: Any, response: Any, start: Any, end: Any, *, failed: bool) -> None:
        """Record a call that ended."""
        try:
            call = LitellmCall(loose.mapping(kwargs), response, start, end, failed)
            deed = deed_of(call.kwargs)
            if deed is not None and is_no_request(call.kwargs, response, failed=failed):
                self._pass_over(call)
                return
            body = self._body(call)
            if deed is not None and self._is_known_read(body):
                self._pass_over(call)
                return
            call_id = body.get("litellm_call_id")
            if call_id is None or not self._is_double(body):
                if self._content is not None:
                    body.update(self._content.of(call))
                self._keep(encode_body(body), call_id)
            else:
                self.spool.health.count(health.DOUBLE_FIRED)
                self.spool.end_call(call_id)
        except Exception as error:
            self._fault(error)

    def record(self, event: UsageEvent) -> bool:
        """Put an event on disk and wake the courier; False where it had to be dropped."""
        return self._keep(encode(event))

    def _keep(self, line: bytes, ends: str | None = None) -> bool:
        kept = self.spool.append(line, ends)
        self.courier.wake()
        return kept

    def _body(self, call: LitellmCall) -> dict[str, Any]:
        if self._price_source is None:
            self._price_source = _price_source()
        body = event_body(
            call,
            price_source=self._price_source,
            recount=recount,
            raw_prices=raw_prices,
            deployed=deployed_model,
        )
        if body is None:
            # Without an id or a start nothing tells a second hook from a second call: count it.
            self.spool.health.count(health.UNREADABLE)
            named = {"litellm_call_id": f"unnamed {uuid.uuid4()}"} | dict(call.kwargs)
            named["litellm_call_id"] = named["litellm_call_id"] or f"unnamed {uuid.uuid4()}"
            start = call.start if loose.instant(call.start) else time.time()
            body = event_body(
                LitellmCall(named, call.response, start, call.end, call.failed),
                price_source=self._price_source,
                raw_prices=raw_prices,
            )
        if body is None:
            body = UsageEvent(
                event_id=uuid.uuid4(), started_at=datetime.now(UTC), model="unknown", source="sdk"
            ).to_json()
        return body

    def _pass_over(self, call: LitellmCall) -> None:
        """Record nothing of a call, and see to it that it is not taken for abandoned."""
        self.spool.health.count(health.NO_REQUEST)
        call_id = loose.text(call.kwargs.get("litellm_call_id"))
        if call_id is not None:
            self.spool.end_call(call_id)

    def _is_known_read(self, body: Mapping[str, Any]) -> bool:
        """Tell whether a job was read before in the state in which it is read now."""
        if READ not in body.get("flags", ()):
            return False
        key = body["event_id"], READ
        with self._seen_lock:
            known = key in self._seen or key in self._seen_before
            self._remember(key, (body["started_at"], body["model"]))
        return known

    def _remember(self, key: tuple[str, str], value: tuple[str, str]) -> None:
        if len(self._seen) >= REMEMBERED:
            self._seen, self._seen_before = {}, self._seen
        self._seen[key] = value

    def _is_double(self, body: Mapping[str, Any]) -> bool:
        key = body["litellm_call_id"], body["status"]
        start, model = body["started_at"], body["model"]
        with self._seen_lock:
            before = self._seen.get(key) or self._seen_before.get(key)
            if before and before[1] == model and _are_near(before[0], start):
                return True
            self._remember(key, (start, model))
        return False

    def _fault(self, error: Exception) -> None:
        self.spool.health.count(health.HOOK_ERRORS)
        self.spool.complain(f"a call was not recorded because of {type(error).__name__}")


def mark_of(kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an abandoned call's event would say; None where the call is not to be logged.

    Args:
        kwargs: LiteLLM's ``model_call_details`` before the provider is called.
    """
    params = loose.mapping(kwargs.get("litellm_params"))
    call_id = loose.text(kwargs.get("litellm_call_id"))
    if call_id is None or params.get("no-log") is True:
        return None
    deed = deed_of(kwargs)
    if deed is not None and deed[1] != "create":
        # It is no request, whatever becomes of it.
        return None
    own = loose.mapping(params.get("metadata")) or loose.mapping(params.get("litellm_metadata"))
    provider = loose.text(kwargs.get("custom_llm_provider")) or loose.text(
        params.get("custom_llm_provider")
    )
    model = loose.text(kwargs.get("model"), MAX_MODEL) or "unknown"
    if provider and model.startswith(provider + "/"):
        model = model[len(provider) + 1 :] or model
    stream = kwargs.get("stream")
    who = find_person(Call(kwargs, {}, own, params, own))
    mark: dict[str, Any] = {
        "litellm_call_id": call_id,
        "started_at": time.time(),
        "model": model,
        "provider": provider,
        "stream": stream if isinstance(stream, bool) else None,
        "trace_id": loose.text(kwargs.get("litellm_trace_id")),
        "session_id": who.session_id,
        "source": "proxy" if params.get("proxy_server_request") else "sdk",
        "user_id": who.user_id,
        "attribution": who.attribution,
        "end_user": who.end_user,
        "user_email": who.email,
        "user_name": who.name,
        "team": who.team,
        "flags": list(who.cut) or None,
    }
    return {name: value for name, value in mark.items() if value is not None}


def _are_near(one: str, other: str) -> bool:
    apart = datetime.fromisoformat(one) - datetime.fromisoformat(other)
    return abs(apart.total_seconds()) < DOUBLE_FIRE_S


def open_recorder(settings: Settings) -> Recorder:
    """Return a recorder that delivers to the Supabase project of the settings."""
    spool = Spool(settings.spool_dir.absolute(), settings.spool_max_bytes)
    return Recorder(spool, Courier(spool, lambda: connect(settings)), _content(settings, spool))


def _content(settings: Settings, spool: Spool) -> Content | None:
    if health.read(spool.folder)["state"].get("content_problem"):
        # Of a program before this one, with other settings or other rules.
        spool.health.said(content_problem=None)
    if not settings.send_content:
        return None
    # Imported only where it is wanted: no other program pays for it.
    from footprint.ingest.content import Content

    return Content(spool, settings.redaction_rules)


_default: Recorder | None = None
_default_lock = threading.Lock()


def default_recorder() -> Recorder:
    """Return this process's recorder, with the settings of the environment and ``.env``.

    When the program ends it delivers within the deadline and leaves the rest on disk.
    """
    global _default
    with _default_lock:
        if _default is None:
            settings = get_settings()
            _default = open_recorder(settings)
            atexit.register(_default.courier.stop, settings.exit_timeout_s)
        return _default


def connect(settings: Settings) -> Any:
    """Open the way to the database.

    Raises:
        ConfigurationError: where an address or a key is missing.
    """
    # httpx is imported here, by the courier's thread, so that a host's start does not wait for it.
    from footprint.ingest.http import Gateway

    url, publishable_key = settings.require_api()
    if not settings.ingest_key:
        raise ConfigurationError(
            "FOOTPRINT_INGEST_KEY is not set: make a key with `footprint keys create`"
        )
    return Gateway(url, publishable_key, settings.ingest_key, ANSWER_TIMEOUT_S)


def _price_source() -> str:
    if "litellm" not in sys.modules:
        return "litellm"
    # LiteLLM has it already; a program without LiteLLM starts faster without it.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"litellm {version('litellm')}"
    except PackageNotFoundError:
        return "litellm"
