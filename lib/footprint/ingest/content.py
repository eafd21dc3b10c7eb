"""Prompts and answers for the person they belong to: texts alone, redacted, of bounded size.

Only what is known to be text is taken; images, sound and files leave a mark. What is taken goes
through every rule of `footprint.ingest.redaction`, or it is left out: nothing is sent unredacted.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from footprint.errors import ConfigurationError
from footprint.ingest import health, loose
from footprint.ingest.normalise import LitellmCall
from footprint.ingest.redaction import LONGEST, load_rules
from footprint.ingest.spool import Spool

# Of the prompt, and of the answer again. With twelve bytes a character ("\\ud83d\\ude00") both stay
# below the 1 MiB that a line of a segment may take.
MAX_CHARS: Final = 30_000
MAX_TURNS: Final = 200
CUT: Final = " … [cut]"
EARLIER: Final = "[earlier messages are left out]"
_MAX_DEPTH: Final = 10
_MAX_PARTS: Final = 1000
_BY_LITELLM: Final = "redacted-by-litellm"

_LEFT_OUT: Final = {
    **dict.fromkeys(("image", "image_url", "input_image", "image_generation_call"), "[image]"),
    **dict.fromkeys(("audio", "input_audio", "output_audio"), "[audio]"),
    **dict.fromkeys(("video", "video_url"), "[video]"),
    **dict.fromkeys(("file", "input_file", "document", "container_upload"), "[file]"),
}
_FILES: Final = ("inlineData", "inline_data", "fileData", "file_data")
_ROLES: Final = {"function_call": "assistant", "reasoning": "assistant"} | dict.fromkeys(
    ("function_call_output", "custom_tool_call_output"), "tool"
)
_INSIDE: Final = (
    *("thinking", "reasoning_content", "summary", "text", "content", "parts", "refusal", "output"),
    *("tool_calls", "function_call", "function", "functionCall", "functionResponse"),
)
_ARGUMENTS: Final = ("arguments", "args", "input", "response")
_ASKED: Final = ("messages", "contents", "input", "prompt")
_ANSWERED: Final = ("choices", "output", "candidates")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")

# `role` and `text`.
Turn: TypeAlias = dict[str, str]


class Content:
    """Makes the `messages` and `response` of an event.

    Args:
        spool: whose health says why content was left out.
        rules: names of an organisation's own redaction rules, ``module:function``.
    """

    def __init__(self, spool: Spool, rules: Sequence[str] = ()) -> None:
        self._spool = spool
        self._problem: str | None = None
        try:
            self._rules = load_rules(rules)
        except ConfigurationError as error:
            self._problem = str(error)

    def of(self, call: LitellmCall) -> dict[str, list[Turn]]:
        """Return what was asked and answered; nothing where it is not wanted or not redacted."""
        if self._problem is not None:
            self._leave_out(self._problem)
            return {}
        try:
            return self._redacted(call)
        except Exception as error:  # Rules are other people's code, contents anybody's.
            # Never the error's own words: they may be the prompt's.
            self._leave_out(f"redaction failed ({type(error).__name__})")
            return {}

    def _redacted(self, call: LitellmCall) -> dict[str, list[Turn]]:
        if is_private(call.kwargs):
            return {}
        payload = loose.mapping(call.kwargs.get("standard_logging_object"))
        asked = self._bounded(
            list(_turns(_passed_through(payload.get("messages")), "user", _ASKED))
        )
        answered = self._bounded(list(_turns(payload.get("response"), "assistant", _ANSWERED)))
        if any(_BY_LITELLM in turn["text"] for turn in (*asked, *answered)):
            return {}
        found = {"messages": asked, "response": answered}
        return {name: turns for name, turns in found.items() if turns}

    def _bounded(self, turns: list[tuple[str, Any]]) -> list[Turn]:
        """Return the newest turns that fit, redacted before they are cut."""
        kept: list[Turn] = []
        room = MAX_CHARS
        for role, part in reversed(turns):
            if room <= 0 or len(kept) >= MAX_TURNS:
                kept.append({"role": "system", "text": EARLIER})
                break
            whole = _text(part, room + LONGEST)
            text = self._redact(whole[: room + LONGEST])
            if len(whole) > room + LONGEST:
                # At the end may be the beginning of something that no rule knows by it.
                text = text[: max(0, len(text) - LONGEST)]
            if len(text) > room or len(whole) > room + LONGEST:
                text, room = text[:room] + CUT, 0
            room -= len(text)
            if text:
                kept.append({"role": role, "text": text})
        return kept[::-1]

    def _redact(self, text: str) -> str:
        for rule in self._rules:
            text = rule(text)
        # As `loose.storable_text`, which takes a letter at a time.
        return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")

    def _leave_out(self, reason: str) -> None:
        self._spool.health.count(health.CONTENT_LEFT_OUT)
        self._spool.health.said(content_problem=f"prompts and answers are left out: {reason}")
        self._spool.complain(f"prompts and answers are left out: {reason}")


def is_private(kwargs: Mapping[str, Any]) -> bool:
    """Tell whether anybody asked LiteLLM to keep messages out of logs, for all calls or this one.

    Stricter than LiteLLM: a request may switch the messages off, never on again.
    """
    params = loose.mapping(kwargs.get("litellm_params"))
    dynamic = loose.mapping(kwargs.get("standard_callback_dynamic_params"))
    if getattr(sys.modules.get("litellm"), "turn_off_message_logging", False):
        return True
    if params.get("no-log") or str(dynamic.get("turn_off_message_logging")).lower() == "true":
        return True
    return any(
        name.lower().endswith("litellm-enable-message-redaction") and value
        for headers in _headers(params)
        for name, value in headers.items()
        if isinstance(name, str)
    )


def _headers(params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("metadata", "litellm_metadata", "proxy_server_request"):
        yield loose.mapping(loose.mapping(params.get(name)).get("headers"))


def _passed_through(messages: Any) -> Any:
    """Return the body that a pass-through route logs as one message's text; else `messages`."""
    if isinstance(messages, list) and len(messages) == 1:
        text = loose.mapping(messages[0]).get("content")
        if isinstance(text, str) and text.startswith('{"'):
            try:
                body = json.loads(text)
            except (ValueError, RecursionError):
                return messages
            if any(body.get(name) for name in _ASKED):
                return body
    return messages


def _turns(value: Any, role: str, inside: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield role and content of each message, whichever API's form they have.

    Args:
        value: messages, or the answer.
        role: whose they are where they do not say.
        inside: names under which an object may hold them.
    """
    if isinstance(value, list):
        for item in value:
            found = loose.mapping(item)
            named = loose.text(found.get("role"), 40) or _ROLES.get(str(found.get("type")))
            yield named or role, found.get("message") or found.get("delta") or item
        return
    found = loose.mapping(value)
    held = next((found[name] for name in inside if found.get(name)), None)
    if held is not None and held is not value:
        yield from _turns(held, role, ())
    elif value:
        yield loose.text(found.get("role"), 40) or role, value


def _text(value: Any, limit: int) -> str:
    """Return the text of one message, its parts in lines; a bit more than `limit` at most."""
    found: list[str] = []
    size = 0
    for part in _parts(value, _MAX_DEPTH):
        found.append(part[: limit + 1])
        size += len(found[-1]) + 1
        if size > limit + 1 or len(found) >= _MAX_PARTS:
            break
    return "\n".join(found)[: limit + 1]


def _parts(value: Any, depth: int) -> Iterator[str]:
    """Yield the texts of a message in their order, a mark for what is no text."""
    if isinstance(value, str):
        if value:
            yield value
    elif depth and isinstance(value, list):
        for item in value:
            yield from _parts(item, depth - 1)
    elif depth:
        yield from _object_parts(loose.mapping(value), depth)


def _object_parts(found: Mapping[str, Any], depth: int) -> Iterator[str]:
    mark = _LEFT_OUT.get(str(found.get("type")))
    if mark or any(name in found for name in _FILES):
        yield mark or "[file]"
        return
    arguments = next((found[name] for name in _ARGUMENTS if found.get(name)), None)
    if arguments is not None and found.get("name"):
        yield f"{loose.text(found['name'])}({_arguments(arguments)})"
        return
    for name in _INSIDE:
        if found.get(name):
            yield from _parts(found[name], depth - 1)


def _arguments(value: Any) -> str:
    r"""Return what a tool is called with, without the escapes that would hide it (``\u0040``)."""
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
        return json.dumps(parsed, ensure_ascii=False, default=lambda other: f"[{type(other)}]")
    except (ValueError, RecursionError, TypeError):
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value if value else "")
