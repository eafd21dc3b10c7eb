"""A Chainlit chat whose requests belong to the person who is signed in.

    pip install chainlit litellm llm-footprint
    FOOTPRINT_INGEST_KEY=… SUPABASE_URL=… SUPABASE_PUBLISHABLE_KEY=… \\
      chainlit run examples/chainlit_app.py

Chainlit gives every chat a session id, and every signed-in visitor a user. The requests carry the
session; `footprint.register_session` says once whose session it is. A visitor who signs in later
gets the requests of their session so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import litellm

import footprint

litellm.callbacks = [footprint.callback]

MODEL = "openai/gpt-4o"


class User(Protocol):
    """What is used of ``chainlit.User``."""

    identifier: str
    metadata: dict[str, Any]


def map_session(session_id: str, user: User | None) -> str | None:
    """Say whose a chat session is; returns the person's id, None for a visitor nobody knows.

    Args:
        session_id: Chainlit's id of the chat.
        user: as one of Chainlit's authentication callbacks made it; with OAuth its metadata says
            the provider, and the id keeps the form ``google_1171…``.
    """
    if user is None:
        return None
    provider = user.metadata.get("provider")
    own = user.metadata.get("sub") or user.identifier
    user_id = f"{provider}_{own}" if provider and provider != "credentials" else own
    email = user.metadata.get("email") or (user.identifier if "@" in user.identifier else None)
    footprint.register_session(session_id, user_id, email, user.metadata.get("name"))
    return user_id


async def answer(
    session_id: str, messages: Sequence[Mapping[str, str]], **settings: Any
) -> tuple[str, str]:
    """Ask the model within a session; returns its answer and what that weighs, in a line."""
    response: Any = await litellm.acompletion(
        model=MODEL, messages=list(messages), metadata={"session_id": session_id}, **settings
    )
    usage = response.usage
    provider, _, model = MODEL.partition("/")
    impact = footprint.estimate(
        provider, model, tokens_in=usage.prompt_tokens, tokens_out=usage.completion_tokens
    ).impact
    weighs = "its footprint is not known"
    if impact.carbon_gco2e is not None:
        carbon = impact.carbon_gco2e
        weighs = f"about {carbon.mid:.2g} g CO2e ({carbon.low:.2g} to {carbon.high:.2g})"
    return response.choices[0].message.content, weighs


def serve() -> None:
    """Tie the functions above to Chainlit's events."""
    import chainlit as cl  # type: ignore[import-not-found]

    async def start() -> None:
        # A database call: kept off the event loop.
        await cl.make_async(map_session)(cl.user_session.get("id"), cl.user_session.get("user"))
        cl.user_session.set("messages", [])

    async def reply(message: Any) -> None:
        messages = cl.user_session.get("messages")
        messages.append({"role": "user", "content": message.content})
        text, weighs = await answer(cl.user_session.get("id"), messages)
        messages.append({"role": "assistant", "content": text})
        await cl.Message(content=f"{text}\n\n*{weighs}*").send()

    cl.on_chat_start(start)
    cl.on_message(reply)


# Chainlit runs this file under a name of its own; the test imports it as `chainlit_app`.
if __name__ != "chainlit_app":
    serve()
