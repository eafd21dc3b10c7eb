"""The chat front ends' examples: whose request it becomes, through the real callback and database."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from dotenv import dotenv_values

from footprint.ingest.normalise import LitellmCall, normalise
from footprint.local.stack import Server
from house import Database

EXAMPLES = Path(__file__).parents[2] / "examples"
PAYLOADS = Path(__file__).parents[1] / "fixtures/litellm_payloads"

# Stands in for chainlit, which is no dependency: the few names the example uses, driven like a chat.
CHAT = """
import asyncio, sys, types

chat = types.ModuleType("chainlit")
handlers, session, sent = {}, {"id": "chat-1"}, []
class Session:
    get = staticmethod(session.get)
    set = staticmethod(session.__setitem__)
class Message:
    def __init__(self, content): self.content = content
    async def send(self): sent.append(self.content)
class User:
    identifier = "1171"
    metadata = {"provider": "google", "email": "eve@example.org", "name": "Eve"}
def make_async(function):
    async def run(*arguments): return await asyncio.to_thread(function, *arguments)
    return run
chat.user_session, chat.Message, chat.make_async = Session, Message, make_async
chat.on_chat_start = lambda handler: handlers.__setitem__("start", handler)
chat.on_message = lambda handler: handlers.__setitem__("message", handler)
sys.modules["chainlit"] = chat
sys.path.insert(0, sys.argv[1])
import chainlit_app

real = chainlit_app.answer
chainlit_app.answer = lambda *asked: real(*asked, mock_response="Carbon.")
chainlit_app.serve()

async def main():
    await handlers["start"]()
    await handlers["message"](Message("What does a bog store?"))
    session["user"] = User()
    await handlers["start"]()
    await handlers["message"](Message("And for how long?"))
    await chainlit_app.footprint.callback.aflush()
    nobody = await asyncio.to_thread(chainlit_app.map_session, "chat-2", None)
    print(nobody, *sent, sep="\\n")

asyncio.run(main())
"""


def test_a_chainlit_session_becomes_the_person_who_signs_in(
    api: Server, database: Database, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "SUPABASE_URL": api.api_url,
        "SUPABASE_PUBLISHABLE_KEY": api.publishable_key,
        "FOOTPRINT_INGEST_KEY": database.make_key(),
        "FOOTPRINT_SPOOL_DIR": str(tmp_path / "spool"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    done = subprocess.run(
        [sys.executable, "-c", CHAT, str(EXAMPLES)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("None\nCarbon.\n")
    assert "g CO2e (" in done.stdout
    query = (
        "select user_profile_id, attribution, session_id, user_email, model"
        " from public.request_logs order by started_at"
    )
    # The first message came before the sign-in.
    assert (
        database.rows(query)
        == [("google_1171", "session", "chat-1", "eve@example.org", "gpt-4o")] * 2
    )


def through_proxy(headers: dict[str, str]) -> Any:
    """Return the event of a request that LiteLLM's proxy was captured with, but these headers."""
    payload = json.loads(next(PAYLOADS.glob("proxy_owui_email__*")).read_bytes())
    payload["end_user"] = None
    for name in ("user_api_key_end_user_id", "user_api_key_user_id"):
        payload["metadata"][name] = None
    payload["metadata"]["requester_custom_headers"] = headers
    sent = {"proxy_server_request": {"headers": headers}}
    return normalise(LitellmCall({"standard_logging_object": payload, "litellm_params": sent}))


def test_librechats_configuration_says_who_asks_and_in_which_conversation() -> None:
    config = yaml.safe_load((EXAMPLES / "librechat/librechat.yaml").read_text())
    [endpoint] = config["endpoints"]["custom"]
    # As LibreChat's packages/api/src/utils/env.ts fills them in.
    known = {
        "LIBRECHAT_USER_ID": "66f0c0ffee",
        "LIBRECHAT_USER_EMAIL": "eve@example.org",
        "LIBRECHAT_BODY_CONVERSATIONID": "5f0e8c1e-1111-4222-8333-444455556666",
    }
    headers = {
        name: re.sub(r"\{\{(\w+)\}\}", lambda found: known[found[1]], value)
        for name, value in endpoint["headers"].items()
    }
    event = through_proxy(headers)
    assert (event.user_id, event.user_email) == ("66f0c0ffee", "eve@example.org")
    assert event.session_id == known["LIBRECHAT_BODY_CONVERSATIONID"]
    assert event.attribution == "declared"


def test_open_webuis_setting_says_who_asks_and_in_which_chat() -> None:
    settings = dotenv_values(EXAMPLES / "open_webui/open_webui.env")
    assert settings["ENABLE_FORWARD_USER_INFO_HEADERS"] == "true"
    # What Open WebUI sends then (backend/open_webui/utils/headers.py); servers get lower case.
    headers = {
        "x-openwebui-user-name": "Eve",
        "x-openwebui-user-id": "7a1c",
        "x-openwebui-user-email": "eve@example.org",
        "x-openwebui-user-role": "user",
        "x-openwebui-chat-id": "chat-7",
    }
    event = through_proxy(headers)
    assert (event.user_id, event.user_email, event.user_name) == ("7a1c", "eve@example.org", "Eve")
    assert (event.session_id, event.attribution) == ("chat-7", "declared")


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.*")), ids=lambda path: path.name)
def test_no_example_holds_a_real_secret(path: Path) -> None:
    if path.is_file() and path.suffix in (".py", ".yaml", ".env"):
        assert not re.search(r"sk-[A-Za-z0-9]{20}|sb_secret|fpk_[A-Za-z0-9]{8}", path.read_text())
