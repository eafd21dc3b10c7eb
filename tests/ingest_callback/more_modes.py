"""A program that calls everything of LiteLLM that is no chat; run by test_litellm.py.

`metadata.tags` names the mode, because not all of these take a user. Needs LiteLLM's requirements
for its proxy: without them `litellm.responses` is no more than an ImportError.
"""

from __future__ import annotations

import asyncio
import io
import sys
from typing import Any

import litellm as typed_litellm

import footprint

litellm: Any = typed_litellm

API = sys.argv[1]
OPENAI = {"api_base": API + "/v1", "api_key": "k"}
ASK: list[dict[str, str]] = [{"role": "user", "content": "hi"}]


def named(mode: str, base: dict[str, str] = OPENAI) -> dict[str, Any]:
    return {**base, "metadata": {"tags": [mode]}}


def recording() -> io.BytesIO:
    file = io.BytesIO(b"RIFF")
    file.name = "a.wav"
    return file


def sync_calls() -> None:
    litellm.responses(model="openai/gpt-4o", input="hi", **named("responses"))
    for _ in litellm.responses(
        model="openai/gpt-4o", input="hi", stream=True, **named("responses stream")
    ):
        pass
    litellm.image_generation(model="openai/gpt-image-1", prompt="hi", **named("image"))
    litellm.speech(model="openai/tts-1", input="hello", voice="alloy", **named("speech"))
    litellm.transcription(model="openai/whisper-1", file=recording(), **named("transcription"))
    cohere = {"api_base": API + "/v1/rerank", "api_key": "k"}
    litellm.rerank(
        model="cohere/rerank-v3.5", query="q", documents=["a", "b"], **named("rerank", cohere)
    )


async def async_calls() -> None:
    await litellm.aresponses(model="openai/gpt-4o", input="hi", **named("async responses"))
    stream = await litellm.aresponses(
        model="openai/gpt-4o", input="hi", stream=True, **named("async responses stream")
    )
    async for _ in stream:
        pass
    await litellm.aimage_generation(model="openai/dall-e-3", prompt="hi", **named("async image"))
    await litellm.aspeech(
        model="openai/tts-1", input="hello", voice="alloy", **named("async speech")
    )
    await litellm.atranscription(
        model="openai/whisper-1", file=recording(), **named("async transcription")
    )
    await litellm.acreate_batch(
        completion_window="24h",
        endpoint="/v1/chat/completions",
        input_file_id="file-1",
        custom_llm_provider="openai",
        **named("async batch"),
    )
    answer = await litellm.anthropic.messages.acreate(
        model="anthropic/claude-sonnet-4-5",
        **{"messages": ASK, "max_tokens": 50, "api_base": API, "api_key": "k", "stream": True},
        metadata={"user_id": "async messages stream"},
    )
    async for _ in answer:
        pass
    await footprint.callback.aflush(10)


if __name__ == "__main__":
    litellm.suppress_debug_info = True
    litellm.callbacks = [footprint.callback]
    sync_calls()
    asyncio.run(async_calls())
