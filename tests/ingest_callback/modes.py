"""A program that calls LiteLLM in every mode; `user` names the mode. Run by test_litellm.py."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

import litellm as typed_litellm

import footprint

litellm: Any = typed_litellm

API = sys.argv[1]
ASK: list[dict[str, str]] = [{"role": "user", "content": "hi"}]
OPENAI = {"api_base": API + "/v1", "api_key": "k", "messages": ASK, "max_retries": 0}


def openai(name: str, model: str = "gpt-4o", **more: Any) -> dict[str, Any]:
    return {**OPENAI, "model": f"openai/{model}", "user": name, **more}


def sync_calls() -> None:
    litellm.completion(**openai("sync", metadata={"session_id": "s-1", "tags": ["t"]}))
    for _ in litellm.completion(**openai("sync stream", stream=True)):
        pass
    usage = {"include_usage": True}
    for _ in litellm.completion(**openai("sync stream usage", stream=True, stream_options=usage)):
        pass
    for status in (401, 429, 500):
        with contextlib.suppress(Exception):
            litellm.completion(**openai(f"sync {status}", f"gpt-4o-err{status}"))
    with contextlib.suppress(Exception):
        litellm.completion(model="nosuchprovider/x", messages=ASK, user="sync bad provider")
    stream = litellm.completion(**openai("sync closed early", "gpt-4o-slow", stream=True))
    next(iter(stream))
    # A stream that is only dropped may be collected while the same thread is inside httpcore's
    # pool, whose lock is not re-entrant: the program then waits for itself for ever.
    stream.completion_stream.close()
    del stream
    litellm.completion(**openai("no-log"), **{"no-log": True})
    litellm.completion(model="gpt-4o", messages=ASK, mock_response="hello", user="sync mock")
    litellm.text_completion(
        model="openai/gpt-4o",
        prompt="hi",
        user="text completion",
        api_base=API + "/v1",
        api_key="k",
    )
    litellm.embedding(
        model="openai/text-embedding-3-small",
        **{"input": ["hi"], "user": "embedding", "api_base": API + "/v1", "api_key": "k"},
    )
    litellm.completion(
        model="anthropic/claude-sonnet-4-5",
        **{"messages": ASK, "user": "anthropic", "api_base": API, "api_key": "k"},
    )
    with contextlib.suppress(Exception):
        for _ in litellm.completion(**openai("sync cut", "gpt-4o-cut", stream=True)):
            pass


async def async_calls() -> None:
    await litellm.acompletion(**openai("async"))
    async for _ in await litellm.acompletion(**openai("async stream", stream=True)):
        pass
    with contextlib.suppress(Exception):
        await litellm.acompletion(**openai("async 429", "gpt-4o-err429"))
    with contextlib.suppress(Exception):
        await litellm.acompletion(model="nosuchprovider/x", messages=ASK, user="async bad provider")
    with contextlib.suppress(Exception):
        await litellm.acompletion(
            model="gpt-4o", messages=ASK, mock_timeout=True, timeout=0.1, user="mock timeout"
        )
    stream = await litellm.acompletion(**openai("async closed early", "gpt-4o-slow", stream=True))
    async for _ in stream:
        break
    if hasattr(stream, "aclose"):  # LiteLLM 1.80 has none.
        await stream.aclose()
    del stream
    task = asyncio.create_task(litellm.acompletion(**openai("cancelled", "gpt-4o-slow")))
    await asyncio.sleep(0.5)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await litellm.anthropic.messages.acreate(
        model="anthropic/claude-sonnet-4-5",
        **{"messages": ASK, "max_tokens": 50, "api_base": API, "api_key": "k"},
        metadata={"user_id": "anthropic messages"},
    )
    await litellm.amoderation(
        model="openai/omni-moderation-latest",
        **{"input": "hi", "api_base": API + "/v1", "api_key": "k"},
    )
    router = litellm.Router(
        model_list=[
            {"model_name": "bad", "litellm_params": _deployment("gpt-4o-err500")},
            {"model_name": "good", "litellm_params": _deployment("gpt-4o")},
        ],
        fallbacks=[{"bad": ["good"]}],
        num_retries=0,
    )
    await router.acompletion(model="bad", messages=ASK, user="router fallback")
    await footprint.callback.aflush(10)


def _deployment(model: str) -> dict[str, Any]:
    return {**OPENAI, "model": f"openai/{model}"} | {"messages": None}


if __name__ == "__main__":
    litellm.suppress_debug_info = True
    litellm.callbacks = [footprint.callback]
    sync_calls()
    asyncio.run(async_calls())
