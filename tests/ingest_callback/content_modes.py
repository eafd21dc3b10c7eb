"""A program that says secrets to LiteLLM in every form; `user` names it. Run by test_content.py."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

import litellm as typed_litellm

import footprint

litellm: Any = typed_litellm

ASKED = "PROMPTWORD to anna@example.org"
ANSWERED = "ANSWERWORD for card 4111 1111 1111 1111"
ASK: list[dict[str, Any]] = [{"role": "user", "content": ASKED}]
HIDDEN = '{"to": "anna\\u0040example.org", "word": "PROMPTWORD"}'
CALL = {"id": "c1", "type": "function", "function": {"name": "send", "arguments": HIDDEN}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,UElDVFVSRQ=="}}
SOUND = {"type": "input_audio", "input_audio": {"data": "U09VTkQ=", "format": "wav"}}
PARTS = [{"type": "text", "text": ASKED}, IMAGE, SOUND, {"type": "text", "text": "and more"}]
TOOLS = [
    *ASK,
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "sent to anna@example.org"},
]


def mock(name: str, **more: Any) -> dict[str, Any]:
    call = {"model": "gpt-4o", "messages": ASK, "user": name, "mock_response": ANSWERED}
    return call | more


def sync_calls(api: str) -> None:
    litellm.completion(**mock("chat"))
    for _ in litellm.completion(**mock("stream", stream=True)):
        pass
    litellm.completion(**mock("parts", messages=[{"role": "user", "content": PARTS}]))
    litellm.completion(**mock("tools", messages=TOOLS))
    litellm.completion(**mock("tool answer", mock_response=None, mock_tool_calls=[CALL]))
    litellm.completion(
        **mock("long", messages=[{"role": "user", "content": f"{ASKED} " * 100_000}])
    )
    litellm.completion(**mock("private", turn_off_message_logging=True))
    litellm.completion(**mock("no-log"), **{"no-log": True})
    with contextlib.suppress(Exception):
        litellm.completion(**mock("failed", mock_response=Exception(ANSWERED)))
    litellm.text_completion(
        **{"model": "openai/gpt-4o", "prompt": ASKED, "user": "text", "api_base": api + "/v1"},
        api_key="k",
    )
    litellm.embedding(
        **{"model": "openai/text-embedding-3-small", "input": [ASKED], "user": "embedding"},
        **{"api_base": api + "/v1", "api_key": "k"},
    )


async def async_calls(api: str) -> None:
    await litellm.acompletion(**mock("async chat"))
    async for _ in await litellm.acompletion(**mock("async stream", stream=True)):
        pass
    await litellm.anthropic.messages.acreate(
        **{"model": "anthropic/claude-sonnet-4-5", "messages": ASK, "max_tokens": 50},
        **{"api_base": api, "api_key": "k", "metadata": {"user_id": "anthropic"}},
    )
    await footprint.callback.aflush(20)
    litellm.turn_off_message_logging = True
    await litellm.acompletion(**mock("private for all"))
    await footprint.callback.aflush(20)


if __name__ == "__main__":
    litellm.suppress_debug_info = True
    litellm.callbacks = [footprint.callback]
    sync_calls(sys.argv[1])
    asyncio.run(async_calls(sys.argv[1]))
