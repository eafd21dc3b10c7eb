"""LiteLLM's SDK with Footprint: set the callback once, then call models as always.

    FOOTPRINT_INGEST_KEY=… SUPABASE_URL=… SUPABASE_PUBLISHABLE_KEY=… python examples/litellm_sdk.py

No provider is asked here: `mock_response` answers.
"""

from __future__ import annotations

import asyncio
from typing import Any

import litellm

import footprint

litellm.callbacks = [footprint.callback]

QUESTION: list[Any] = [{"role": "user", "content": "What does a peat bog store?"}]


async def main() -> None:
    """Make three calls in one chat session and say whose session it is."""
    # Who asks: `user` is a claim; a session that the application registers is better.
    footprint.register_session("chat-1", "ann", "ann@example.org", "Ann")
    for _ in range(3):
        await litellm.acompletion(
            model="openai/gpt-4o",
            messages=QUESTION,
            metadata={"session_id": "chat-1", "tags": ["example"]},
            mock_response="Carbon, for thousands of years.",
        )
    # A script that ends at once waits for the last rows here; a server need not.
    stored = await footprint.callback.aflush()
    print(
        "stored" if stored else "kept on disk, delivered later", dict(footprint.callback.status())
    )


if __name__ == "__main__":
    asyncio.run(main())
