"""A program that makes jobs through LiteLLM and asks after them; run by test_jobs.py.

Arguments: the provider's address and the name of a function here. `metadata.user_id` names who asks.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import litellm as typed_litellm

import footprint

litellm: Any = typed_litellm

API = sys.argv[1] + "/v1"
BASE = {"api_base": API, "api_key": "k"}
OPENAI = {**BASE, "custom_llm_provider": "openai"}


def by(person: str) -> dict[str, Any]:
    return {"metadata": {"user_id": person}}


async def _response(model: str = "gpt-4o", **more: Any) -> Any:
    asked = {"model": f"openai/{model}", "input": "hi", "background": True}
    return await litellm.aresponses(**asked, **BASE, **by("ann"), **more)


async def asked_after_five_times() -> None:
    made = await _response()
    for _ in range(5):
        await litellm.aget_responses(made.id, **OPENAI, **by("bob"))


async def without_async() -> None:
    made = litellm.responses(
        model="openai/gpt-4o", input="hi", background=True, **BASE, **by("ann")
    )
    for _ in range(5):
        litellm.get_responses(made.id, **OPENAI, **by("bob"))
    # The provider's own id names the same job.
    litellm.get_responses("resp_0001", **OPENAI, **by("bob"))


async def through_a_router() -> None:
    router = litellm.Router(
        model_list=[{"model_name": "house", "litellm_params": {"model": "openai/gpt-4o", **BASE}}]
    )
    made = await router.aresponses(model="house", input="hi", background=True, user="ann")
    for _ in range(5):
        await router.aget_responses(model="house", response_id=made.id)
        await litellm.aget_responses(made.id, **OPENAI)


async def made_and_left() -> None:
    await _response()


async def asked_after_only() -> None:
    for _ in range(4):
        await litellm.aget_responses("resp_0001", **OPENAI, **by("bob"))


async def cancelled() -> None:
    made = await _response()
    await litellm.acancel_responses(made.id, **OPENAI)
    await litellm.aget_responses(made.id, **OPENAI)


async def _ends(model: str) -> None:
    made = await _response(model)
    for _ in range(5):
        await litellm.aget_responses(made.id, **OPENAI)


async def failed() -> None:
    await _ends("gpt-4o-failed")


async def incomplete() -> None:
    await _ends("gpt-4o-incomplete")


async def never() -> None:
    await _ends("gpt-4o-never")


async def answered_at_once() -> None:
    made = await litellm.aresponses(model="openai/gpt-4o", input="hi", **BASE, **by("ann"))
    for _ in range(3):
        await litellm.aget_responses(made.id, **OPENAI, **by("bob"))
    await litellm.alist_input_items(made.id, **OPENAI)


async def batch() -> None:
    file = await litellm.acreate_file(file=("in.jsonl", b"{}"), purpose="batch", **OPENAI)
    asked = {"completion_window": "24h", "endpoint": "/v1/chat/completions"}
    made = await litellm.acreate_batch(input_file_id=file.id, **asked, **OPENAI, **by("ann"))
    for _ in range(5):
        found = await litellm.aretrieve_batch(batch_id=made.id, **OPENAI, **by("bob"))
    litellm.retrieve_batch(batch_id=made.id, **OPENAI)
    await litellm.alist_batches(**OPENAI)
    await litellm.afile_content(file_id=found.output_file_id, **OPENAI)
    await litellm.afile_delete(file_id=file.id, **OPENAI)


async def cancelled_batch() -> None:
    asked = {"completion_window": "24h", "endpoint": "/v1/chat/completions"}
    made = await litellm.acreate_batch(input_file_id="file-1", **asked, **OPENAI, **by("ann"))
    await litellm.acancel_batch(batch_id=made.id, **OPENAI)
    await litellm.aretrieve_batch(batch_id=made.id, **OPENAI)


async def fine_tuning() -> None:
    made = await litellm.acreate_fine_tuning_job(
        model="gpt-4o", training_file="file-1", **OPENAI, **by("ann")
    )
    for _ in range(4):
        await litellm.aretrieve_fine_tuning_job(fine_tuning_job_id=made.id, **OPENAI)


async def video() -> None:
    made = await litellm.avideo_generation(model="openai/sora-2", prompt="x", **BASE, **by("ann"))
    for _ in range(5):
        await litellm.avideo_status(video_id=made.id, **BASE)
    await litellm.avideo_content(video_id=made.id, **BASE)


async def two_jobs() -> None:
    for made in (await _response(), await _response()):
        for _ in range(3):
            await litellm.aget_responses(made.id, **OPENAI)


async def _main() -> None:
    await globals()[sys.argv[2]]()
    await footprint.callback.aflush(20)


if __name__ == "__main__":
    litellm.suppress_debug_info = True
    litellm.callbacks = [footprint.callback]
    asyncio.run(_main())
    print("no_request", footprint.callback.status().get("no_request", 0))
