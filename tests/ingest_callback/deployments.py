"""Deployments of a proxy with every kind of price, and mixed traffic to them through its clients.

The provider answers every text the same (see provider.py), so what a deployment's prices make of one
answer is known by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import httpx
import openai
import yaml  # type: ignore[import-untyped]

from ingest_callback.proxy import KEY

ASK: list[Any] = [{"role": "user", "content": "hi"}]
POLLS = 4


def _prices(given: float, made: float) -> dict[str, float]:
    return {"input_cost_per_token": given, "output_cost_per_token": made}


FREE = _prices(0, 0)
OWN = _prices(1e-6, 2e-6)
AZURE = {"api_version": "2024-10-21"}
# Name of a deployment → LiteLLM's model, its own parameters, its model_info.
DEPLOYMENTS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("mapped", "openai/gpt-4o", {}, {}),
    ("slow", "openai/house-slow", OWN, {}),
    ("slow unheard", "openai/gpt-9-slow", {}, {}),
    ("cut", "openai/house-cut", OWN, {}),
    ("unheard", "openai/gpt-9-unheard", {}, {}),
    ("own price", "openai/house-1", OWN, {}),
    ("own price in info", "openai/house-2", {}, OWN),
    ("free", "openai/house-3", FREE, {}),
    ("free in info", "openai/house-4", {}, FREE),
    ("input only", "openai/house-5", {"input_cost_per_token": 1e-6}, {}),
    ("own cache price", "openai/house-8", {**OWN, "cache_read_input_token_cost": 1e-7}, {}),
    ("by the second", "openai/house-9", {"input_cost_per_second": 0.001}, {}),
    ("base", "azure/our-mini", AZURE, {"base_model": "azure/gpt-4o-mini"}),
    ("base in params", "azure/our-too", {**AZURE, "base_model": "azure/gpt-4o-mini"}, {}),
    ("base own price", "azure/our-own", {**AZURE, **OWN}, {"base_model": "azure/gpt-4o-mini"}),
    ("base unheard", "azure/our-9", AZURE, {"base_model": "azure/gpt-9"}),
    ("openai/*", "openai/*", {}, {}),
    ("anthropic/*", "anthropic/*", {}, {}),
    ("house/*", "openai/*", OWN, {}),
    ("gift/*", "openai/*", FREE, {}),
    # Two of one name and model: prices of their own each, and only one with any.
    ("balanced", "openai/house-6", OWN, {"id": "cheap"}),
    ("balanced", "openai/house-6", _prices(3e-6, 6e-6), {"id": "dear"}),
    ("half known", "openai/house-7", OWN, {"id": "known"}),
    ("half known", "openai/house-7", {}, {"id": "unknown"}),
    ("falls back", "openai/gpt-4o-err500", {}, {}),
    ("refused", "openai/gpt-4o-err429", {}, {}),
    ("broken", "openai/house-err500", OWN, {}),
    ("late", "openai/house-err504", OWN, {}),
    ("claude", "anthropic/claude-sonnet-4-5", {}, {}),
    ("claude own price", "anthropic/claude-house", OWN, {}),
    ("claude unheard", "anthropic/claude-9-unheard", {}, {}),
    ("embedding", "openai/text-embedding-3-small", {}, {}),
    ("embedding unheard", "openai/embed-9", {}, {}),
    ("embedding free", "openai/embed-free", FREE, {"mode": "embedding"}),
    ("embedding own price", "openai/embed-own", {"input_cost_per_token": 1e-6}, {}),
    ("image", "openai/gpt-image-1", {}, {}),
    ("image unheard", "openai/image-9", {}, {}),
    ("image own price", "openai/image-own", {"output_cost_per_image": 0.04}, {}),
    ("rerank", "cohere/rerank-v3.5", {}, {}),
    ("rerank unheard", "cohere/rerank-v9", {}, {}),
    ("rerank own price", "cohere/rerank-own", {"input_cost_per_query": 0.003}, {}),
    ("pages", "mistral/mistral-ocr-2505", {}, {}),
    ("pages unheard", "mistral/ocr-9", {}, {}),
    ("pages own price", "mistral/ocr-own", {"ocr_cost_per_page": 0.005}, {}),
    ("speech", "openai/tts-1", {}, {}),
    ("speech unheard", "openai/tts-9", {}, {}),
    ("hearing", "openai/whisper-1", {}, {}),
    ("hearing unheard", "openai/whisper-9", {}, {}),
]
CHATS = [
    *("mapped", "unheard", "own price", "own price in info", "free", "free in info", "input only"),
    *("own cache price", "by the second", "base", "base in params", "base own price"),
    *("base unheard", "openai/gpt-4o-mini", "openai/gpt-7-nobody", "house/any", "house/gpt-4o"),
    "gift/any",
]
CLAUDES = ["claude", "claude own price", "claude unheard", "anthropic/claude-sonnet-4-5"]
ANSWERING = ["mapped", "unheard", "own price", "own price in info", "free", "base", "house/any"]


class Answer(NamedTuple):
    """What a client got.

    Args:
        name: the deployment that was asked.
        call_id: the proxy's name of the call.
        cost_usd: what the proxy's header says; None where it has none, as for streams.
        deployment: the id of the deployment that answered.
        is_stream: whether the answer came in parts.
    """

    name: str
    call_id: str
    cost_usd: Decimal | None
    deployment: str | None
    is_stream: bool


def config_of(provider: str) -> str:
    """Return the configuration of a proxy with these deployments."""
    addresses = {
        **{"openai": provider + "/v1", "azure": provider, "anthropic": provider},
        **{"cohere": provider + "/v1/rerank", "mistral": provider + "/v1"},
    }
    models = []
    for name, model, params, info in DEPLOYMENTS:
        address = {"api_base": addresses[model.partition("/")[0]], "api_key": "k"}
        made = {"model": model, **address, "max_retries": 0, **params}
        models.append({"model_name": name, "litellm_params": made, "model_info": info})
    config = {
        "model_list": models,
        "router_settings": {
            **{"num_retries": 0, "disable_cooldowns": True},
            **{"fallbacks": [{"falls back": ["mapped"]}]},
        },
        "litellm_settings": {
            **{"callbacks": "footprint.callback", "cache": True},
            **{"cache_params": {"type": "local", "mode": "default_off"}},
        },
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
        "files_settings": [
            {"custom_llm_provider": "openai", "api_base": provider + "/v1", "api_key": "k"}
        ],
    }
    return str(yaml.safe_dump(config))


class Traffic:
    """Mixed requests to a proxy, through OpenAI's SDK where it has them.

    Args:
        url: the proxy's address.
    """

    def __init__(self, url: str) -> None:
        self.answers: list[Answer] = []
        self.polls = 0
        self._url = url
        self._sdk = openai.OpenAI(base_url=url + "/v1", api_key="sk-test", max_retries=0)
        self._http = httpx.Client(base_url=url, headers=KEY, timeout=60)

    def send(self) -> None:
        """Send everything, several at a time, and wait for the answers."""
        calls: list[Callable[[], object]] = []
        for name in CHATS:
            calls += [partial(self.chat, name), partial(self.chat, name, stream=True)]
            usage = {"include_usage": True}
            calls.append(partial(self.chat, name, stream=True, stream_options=usage))
        for name in CLAUDES:
            calls += [partial(self.message, name), partial(self.message, name, stream=True)]
        for name in ANSWERING:
            calls += [partial(self.response, name), partial(self.response, name, stream=True)]
            calls.append(partial(self.background, name))
        for name in ("balanced", "half known"):
            calls += [partial(self.chat, name) for _ in range(20)]
        calls += [partial(self.chat, name) for name in ("falls back", "refused", "broken", "late")]
        calls += [
            partial(self.chat, name, stream=True) for name in ("falls back", "refused", "cut")
        ]
        calls += [partial(self.leave, name) for name in ("slow", "slow", "slow unheard")]
        calls += [partial(self.embed, n) for n in _all("embedding")]
        calls += [partial(self.image, n) for n in _all("image")]
        calls += [partial(self.rerank, n) for n in _all("rerank")]
        calls += [partial(self.read, n) for n in _all("pages")]
        calls += [partial(self.speak, n) for n in _all("speech")]
        calls += [partial(self.hear, n) for n in _all("hearing")]
        calls += [partial(self.batch, "gpt-4o"), partial(self.batch, "gpt-9-unheard")]
        calls += [partial(self.batch, m, n) for n, m in (("own price", "house-1"),)]
        calls += [partial(self.batch, "house-3", "free"), partial(self.batch, "gpt-4o", "mapped")]
        calls.append(self.cached)
        with ThreadPoolExecutor(6) as pool:
            for done in [pool.submit(call) for call in calls]:
                done.result()

    def chat(self, name: str, **more: Any) -> None:
        ask = self._sdk.chat.completions.with_raw_response
        with suppress(openai.APIError):
            raw = ask.create(model=name, messages=ASK, **more)
            self._keep(name, raw.headers, raw.parse() if more.get("stream") else ())

    def leave(self, name: str) -> None:
        """Go after the first part of a stream."""
        answer = self._sdk.chat.completions.create(model=name, messages=ASK, stream=True)
        next(iter(answer))
        answer.close()

    def cached(self) -> None:
        """Ask twice for what the proxy keeps: the second time its cache answers."""
        for _ in range(2):
            self.chat("mapped", extra_body={"cache": {"use-cache": True}}, user="again")

    def message(self, name: str, *, stream: bool = False) -> None:
        body = {"model": name, "messages": ASK, "max_tokens": 50, "stream": stream}
        self._post(name, "/v1/messages", body)

    def response(self, name: str, *, stream: bool = False) -> None:
        raw = self._sdk.responses.with_raw_response.create(model=name, input="hi", stream=stream)
        self._keep(name, raw.headers, raw.parse() if stream else ())

    def background(self, name: str) -> None:
        made = self._sdk.responses.create(model=name, input="hi", background=True)
        for _ in range(POLLS):
            status = self._sdk.responses.retrieve(made.id).status
            self.polls += 1
        assert status == "completed"

    def batch(self, model: str, name: str | None = None) -> None:
        """Have a batch worked on; LiteLLM puts the deployment ``name``, if given, into its ids."""
        headers = {"x-litellm-model": name} if name else {}
        line = {
            "custom_id": "1",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": model},
        }
        file = self._sdk.files.create(
            file=("in.jsonl", json.dumps(line).encode()), purpose="batch", extra_headers=headers
        )
        made = self._sdk.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            extra_headers=headers,
        )
        for _ in range(POLLS):
            found = self._sdk.batches.retrieve(made.id)
            self.polls += 1
        assert found.status == "completed" and found.output_file_id
        assert b"hello world" in self._sdk.files.content(found.output_file_id).read()

    def embed(self, name: str) -> None:
        raw = self._sdk.embeddings.with_raw_response.create(model=name, input=["hi"])
        self._keep(name, raw.headers)

    def image(self, name: str) -> None:
        raw = self._sdk.images.with_raw_response.generate(model=name, prompt="hi")
        self._keep(name, raw.headers)

    def read(self, name: str) -> None:
        document = {"type": "document_url", "document_url": "https://example.org/a.pdf"}
        self._post(name, "/v1/ocr", {"model": name, "document": document})

    def speak(self, name: str) -> None:
        ask = self._sdk.audio.speech.with_raw_response
        self._keep(name, ask.create(model=name, voice="alloy", input="hello").headers)

    def hear(self, name: str) -> None:
        ask = self._sdk.audio.transcriptions.with_raw_response
        self._keep(name, ask.create(model=name, file=("a.wav", b"RIFF")).headers)

    def rerank(self, name: str) -> None:
        body = {"model": name, "query": "q", "documents": ["a", "b"]}
        self._post(name, "/rerank", body)

    def _post(self, name: str, path: str, body: dict[str, Any]) -> None:
        answer = self._http.post(path, json=body)
        assert answer.is_success, answer.text
        is_stream = answer.headers["content-type"].startswith("text/event-stream")
        self._keep(name, answer.headers, [answer] if is_stream else [])

    def _keep(self, name: str, headers: Any, parts: Iterable[object] = ()) -> None:
        is_stream = sum(1 for _ in parts) > 0
        said = headers.get("x-litellm-response-cost")
        cost = Decimal(said) if said not in (None, "", "None") else None
        call_id = headers["x-litellm-call-id"]
        deployment = headers.get("x-litellm-model-id")
        self.answers.append(Answer(name, call_id, cost, deployment, is_stream))


def _all(kind: str) -> list[str]:
    return [name for name, *_ in DEPLOYMENTS if name.startswith(kind)]
