"""What a request used, and how each API, SDK, gateway and trace writes it down.

The truth comes first: disjoint counts. Each form is written from them as its documentation says
(shown beside it), so that a reading can be held against what was meant and never against itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from footprint.ingest.usage import TokenClasses


@dataclass(frozen=True)
class Used:
    """Disjoint counts of tokens, and searches. Each token is in one of them, but for `read_audio`.

    Args:
        read_audio: how many of those in `read` are of audio.
        geo: where Anthropic inferred, which may cost more.
        speed: how fast it did, likewise.
    """

    text_in: int = 0
    audio_in: int = 0
    image_in: int = 0
    video_in: int = 0
    read: int = 0
    read_audio: int = 0
    write_5m: int = 0
    write_1h: int = 0
    text_out: int = 0
    audio_out: int = 0
    image_out: int = 0
    reasoning: int = 0
    searches: int = 0
    geo: str | None = None
    speed: str | None = None

    @property
    def uncached(self) -> int:
        """Input that was neither read from nor written to a cache."""
        return self.text_in + self.audio_in + self.image_in + self.video_in

    @property
    def write(self) -> int:
        """All that was written to a cache."""
        return self.write_5m + self.write_1h

    @property
    def given(self) -> int:
        """All input."""
        return self.uncached + self.read + self.write

    @property
    def said(self) -> int:
        """All output but reasoning."""
        return self.text_out + self.audio_out + self.image_out

    @property
    def made(self) -> int:
        """All output."""
        return self.said + self.reasoning

    @property
    def total(self) -> int:
        """All tokens."""
        return self.given + self.made

    @property
    def tokens(self) -> TokenClasses:
        """The five classes."""
        return TokenClasses(self.uncached, self.read, self.write, self.said, self.reasoning)

    @property
    def quantities(self) -> dict[str, int]:
        """What is used beside them, and parts of them, by unit."""
        found = {
            "audio_input_tokens": self.audio_in + self.read_audio,
            "audio_cached_tokens": self.read_audio,
            "image_input_tokens": self.image_in,
            "video_input_tokens": self.video_in,
            "audio_output_tokens": self.audio_out,
            "image_output_tokens": self.image_out,
            "cache_write_1h_tokens": self.write_1h,
            "web_searches": self.searches,
        }
        return {unit: n for unit, n in found.items() if n}


class Form(NamedTuple):
    """How somebody writes usage down.

    Args:
        holder: the name under which the object stands in an answer; "" for names at the top.
        says: which counts of `Used`, beside text, the form has a place for.
        write: `Used` → the object.
        of: whose models it is met with, as LiteLLM names providers; empty for anybody's.
        model: what a model's name must hold, too.
        modes: kinds of models.
        by: which transformation of LiteLLM reads it; "" where it meets no such form.
    """

    holder: str
    says: frozenset[str]
    write: Callable[[Used], dict[str, Any]]
    of: tuple[str, ...] = ()
    model: str = ""
    modes: tuple[str, ...] = ("chat", "completion", "responses")
    by: str = ""


def _says(words: str) -> frozenset[str]:
    return frozenset(words.split())


# https://platform.openai.com/docs/api-reference/chat/object: details are parts of their side.
def _openai(used: Used) -> dict[str, Any]:
    return {
        "prompt_tokens": used.given,
        "completion_tokens": used.made,
        "total_tokens": used.total,
        "prompt_tokens_details": {
            "cached_tokens": used.read,
            "audio_tokens": used.audio_in + used.read_audio,
        },
        "completion_tokens_details": {
            "reasoning_tokens": used.reasoning,
            "audio_tokens": used.audio_out,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


# https://platform.openai.com/docs/api-reference/responses/object (cache_write_tokens: GPT-5.6).
def _responses(used: Used) -> dict[str, Any]:
    return {
        "input_tokens": used.given,
        "input_tokens_details": {"cached_tokens": used.read, "cache_write_tokens": used.write},
        "output_tokens": used.made,
        "output_tokens_details": {"reasoning_tokens": used.reasoning},
        "total_tokens": used.total,
    }


# https://platform.openai.com/docs/api-reference/realtime-server-events/response/done
def _realtime(used: Used) -> dict[str, Any]:
    heard = used.audio_in + used.read_audio
    return {
        "total_tokens": used.total,
        "input_tokens": used.given,
        "output_tokens": used.made,
        "input_token_details": {
            "text_tokens": used.given - heard,
            "audio_tokens": heard,
            "cached_tokens": used.read,
            "cached_tokens_details": {
                "text_tokens": used.read - used.read_audio,
                "audio_tokens": used.read_audio,
            },
        },
        "output_token_details": {"text_tokens": used.text_out, "audio_tokens": used.audio_out},
    }


# https://platform.openai.com/docs/api-reference/images/object, …/audio/transcription-object
def _of_media(used: Used) -> dict[str, Any]:
    return {
        "type": "tokens",
        "input_tokens": used.given,
        "input_tokens_details": {
            "text_tokens": used.text_in,
            "image_tokens": used.image_in,
            "audio_tokens": used.audio_in,
        },
        "output_tokens": used.made,
        "output_tokens_details": {
            "image_tokens": used.image_out,
            "text_tokens": used.text_out,
        },
        "total_tokens": used.total,
    }


# https://platform.openai.com/docs/api-reference/embeddings/create
def _embedding(used: Used) -> dict[str, Any]:
    return {"prompt_tokens": used.given, "total_tokens": used.given}


# https://platform.claude.com/docs/en/api/messages: input is what lies behind the last cache point.
def _anthropic(used: Used) -> dict[str, Any]:
    return {
        "input_tokens": used.uncached,
        "cache_creation_input_tokens": used.write,
        "cache_read_input_tokens": used.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.write_5m,
            "ephemeral_1h_input_tokens": used.write_1h,
        },
        "output_tokens": used.made,
        "output_tokens_details": {"thinking_tokens": used.reasoning},
        "server_tool_use": {"web_search_requests": used.searches, "web_fetch_requests": 0},
        "service_tier": "standard",
        "inference_geo": used.geo,
        "speed": used.speed,
    }


# https://code.claude.com/docs/en/monitoring-usage, log `claude_code.api_request`: as Anthropic.
def _claude_code(used: Used) -> dict[str, Any]:
    return {
        "input_tokens": used.uncached,
        "output_tokens": used.made,
        "cache_read_tokens": used.read,
        "cache_creation_tokens": used.write,
    }


def _modalities(text: int, **others: int) -> list[dict[str, Any]]:
    counts = {"TEXT": text, **{name.upper(): n for name, n in others.items()}}
    return [{"modality": name, "tokenCount": n} for name, n in counts.items() if n]


# https://ai.google.dev/api/generate-content#UsageMetadata: the prompt includes what was cached;
# thoughts stand beside the candidates, and in the total.
def _gemini(used: Used) -> dict[str, Any]:
    found: dict[str, Any] = {
        "promptTokenCount": used.given,
        "candidatesTokenCount": used.said,
        "totalTokenCount": used.total,
        "promptTokensDetails": _modalities(
            used.given - used.audio_in - used.read_audio - used.image_in - used.video_in,
            audio=used.audio_in + used.read_audio,
            image=used.image_in,
            video=used.video_in,
        ),
        "candidatesTokensDetails": _modalities(
            used.text_out, audio=used.audio_out, image=used.image_out
        ),
        "trafficType": "ON_DEMAND",
    }
    if used.read:
        found["cachedContentTokenCount"] = used.read
        found["cacheTokensDetails"] = _modalities(
            used.read - used.read_audio, audio=used.read_audio
        )
    if used.reasoning:
        found["thoughtsTokenCount"] = used.reasoning
    return found


# As before, where candidates include the thoughts (Vertex, some models): the total tells.
def _gemini_inside(used: Used) -> dict[str, Any]:
    return _gemini(used) | {
        "candidatesTokenCount": used.made,
        "candidatesTokensDetails": _modalities(used.made),
    }


# https://cloud.google.com/vertex-ai/generative-ai/docs/reference/python: the same in snake case.
def _vertex(used: Used) -> dict[str, Any]:
    return {
        "prompt_token_count": used.given,
        "candidates_token_count": used.said,
        "total_token_count": used.total,
        "cached_content_token_count": used.read,
        "thoughts_token_count": used.reasoning,
    }


# https://github.com/google-gemini/gemini-cli/blob/main/docs/cli/telemetry.md
def _gemini_cli(used: Used) -> dict[str, Any]:
    return {
        "input_token_count": used.given,
        "output_token_count": used.said,
        "cached_content_token_count": used.read,
        "thoughts_token_count": used.reasoning,
        "tool_token_count": 0,
        "total_token_count": used.total,
    }


# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
def _converse(used: Used) -> dict[str, Any]:
    return {
        "inputTokens": used.uncached,
        "outputTokens": used.made,
        "totalTokens": used.total,
        "cacheReadInputTokens": used.read,
        "cacheWriteInputTokens": used.write,
        "cacheDetails": [
            {"ttl": "5m", "inputTokens": used.write_5m},
            {"ttl": "1h", "inputTokens": used.write_1h},
        ],
    }


# https://api-docs.deepseek.com/api/create-chat-completion: hit + miss is the prompt.
def _deepseek(used: Used) -> dict[str, Any]:
    return {
        "prompt_tokens": used.given,
        "completion_tokens": used.made,
        "total_tokens": used.total,
        "prompt_cache_hit_tokens": used.read,
        "prompt_cache_miss_tokens": used.uncached,
        "completion_tokens_details": {"reasoning_tokens": used.reasoning},
    }


# https://docs.x.ai/docs/api-reference: text includes what was cached, completion is without
# reasoning, the total with it.
def _xai(used: Used) -> dict[str, Any]:
    found: dict[str, Any] = {
        "prompt_tokens": used.given,
        "completion_tokens": used.said,
        "total_tokens": used.total,
        "prompt_tokens_details": {
            "text_tokens": used.given - used.image_in,
            "audio_tokens": 0,
            "image_tokens": used.image_in,
            "cached_tokens": used.read,
        },
        "completion_tokens_details": {
            "reasoning_tokens": used.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "num_sources_used": 0,
    }
    if used.searches:
        found["server_side_tool_usage_details"] = {"web_search_calls": used.searches}
    return found


# https://console.groq.com/docs/api-reference#chat-create
def _groq(used: Used) -> dict[str, Any]:
    return {
        "queue_time": 0.037,
        "prompt_tokens": used.given,
        "prompt_time": 0.0007,
        "completion_tokens": used.made,
        "completion_time": 0.46,
        "total_tokens": used.total,
        "total_time": 0.46,
        "prompt_tokens_details": {"cached_tokens": used.read},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning},
    }


# https://docs.together.ai/reference/chat-completions-1
def _together(used: Used) -> dict[str, Any]:
    return {
        "prompt_tokens": used.given,
        "completion_tokens": used.made,
        "total_tokens": used.total,
        "cached_tokens": used.read,
    }


# https://docs.perplexity.ai/api-reference/chat-completions-post
def _perplexity(used: Used) -> dict[str, Any]:
    return {
        "prompt_tokens": used.given,
        "completion_tokens": used.made,
        "total_tokens": used.total,
        "search_context_size": "low",
        "reasoning_tokens": used.reasoning,
        "num_search_queries": used.searches,
    }


# https://docs.mistral.ai/api: what was cached is part of the prompt, and said twice.
def _mistral(used: Used) -> dict[str, Any]:
    return {
        "prompt_tokens": used.given,
        "completion_tokens": used.made,
        "total_tokens": used.total,
        "num_cached_tokens": used.read,
        "prompt_tokens_details": {"cached_tokens": used.read},
    }


# https://docs.cohere.com/reference/chat: tokens, and what is billed of them.
def _cohere(used: Used) -> dict[str, Any]:
    return {
        "billed_units": {"input_tokens": used.given // 2, "output_tokens": used.made},
        "tokens": {"input_tokens": used.given, "output_tokens": used.made},
    }


# https://docs.ollama.com/api/chat: durations are in ns.
def _ollama(used: Used) -> dict[str, Any]:
    return {
        "total_duration": 5_191_566_416,
        "load_duration": 2_154_458,
        "prompt_eval_count": used.given,
        "prompt_eval_duration": 383_809_000,
        "eval_count": used.made,
        "eval_duration": 4_799_921_000,
    }


# https://docs.vllm.ai/en/latest/serving/openai_compatible_server (UsageInfo).
def _vllm(used: Used) -> dict[str, Any]:
    return {
        "prompt_tokens": used.given,
        "total_tokens": used.total,
        "completion_tokens": used.made,
        "prompt_tokens_details": {"cached_tokens": used.read} if used.read else None,
    }


# https://openrouter.ai/docs/use-cases/usage-accounting (without the cost).
def _openrouter(used: Used) -> dict[str, Any]:
    return {
        "prompt_tokens": used.given,
        "completion_tokens": used.made,
        "total_tokens": used.total,
        "is_byok": False,
        "prompt_tokens_details": {
            "cached_tokens": used.read,
            "cache_write_tokens": used.write,
            "audio_tokens": used.audio_in,
            "video_tokens": used.video_in,
        },
        "completion_tokens_details": {
            "reasoning_tokens": used.reasoning,
            "image_tokens": used.image_out,
        },
    }


# https://reference.langchain.com/python/langchain_core/messages (UsageMetadata): all inclusive;
# where the hours of a write are said, cache_creation is 0.
def _langchain(used: Used) -> dict[str, Any]:
    return {
        "input_tokens": used.given,
        "output_tokens": used.made,
        "total_tokens": used.total,
        "input_token_details": {
            "audio": used.audio_in,
            "cache_read": used.read,
            "cache_creation": 0 if used.write_1h else used.write,
            "ephemeral_5m_input_tokens": used.write_5m if used.write_1h else 0,
            "ephemeral_1h_input_tokens": used.write_1h,
        },
        "output_token_details": {"audio": used.audio_out, "reasoning": used.reasoning},
    }


# https://v5.ai-sdk.dev/docs/reference/ai-sdk-core/generate-text (LanguageModelUsage).
def _vercel_5(used: Used) -> dict[str, Any]:
    return {
        "inputTokens": used.given,
        "outputTokens": used.made,
        "totalTokens": used.total,
        "reasoningTokens": used.reasoning,
        "cachedInputTokens": used.read,
    }


# https://ai-sdk.dev/docs/reference/ai-sdk-core/generate-text: the raw object repeats the provider's.
def _vercel_6(used: Used) -> dict[str, Any]:
    return {
        "inputTokens": used.given,
        "inputTokenDetails": {
            "noCacheTokens": used.uncached,
            "cacheReadTokens": used.read,
            "cacheWriteTokens": used.write,
        },
        "outputTokens": used.made,
        "outputTokenDetails": {"textTokens": used.said, "reasoningTokens": used.reasoning},
        "totalTokens": used.total,
        "raw": {"input_tokens": used.uncached, "output_tokens": used.made},
    }


# https://langfuse.com/docs/observability/features/token-and-cost-tracking: parts of the total.
def _langfuse(used: Used) -> dict[str, Any]:
    return {
        "input": used.uncached,
        "input_cached_tokens": used.read,
        "input_cache_creation": used.write,
        "output": used.said,
        "output_reasoning_tokens": used.reasoning,
        "total": used.total,
    }


# https://github.com/open-telemetry/semantic-conventions-genai, gen-ai-spans.md: input SHOULD include
# what was cached; output includes reasoning.
def _otel(used: Used) -> dict[str, Any]:
    return {
        "gen_ai.usage.input_tokens": used.given,
        "gen_ai.usage.cache_read.input_tokens": used.read,
        "gen_ai.usage.cache_creation.input_tokens": used.write,
        "gen_ai.usage.output_tokens": used.made,
        "gen_ai.usage.reasoning.output_tokens": used.reasoning,
    }


# https://github.com/Arize-ai/openinference, spec/semantic_conventions.md
def _openinference(used: Used) -> dict[str, Any]:
    return {
        "llm.token_count.prompt": used.given,
        "llm.token_count.completion": used.made,
        "llm.token_count.total": used.total,
        "llm.token_count.prompt_details.cache_read": used.read,
        "llm.token_count.prompt_details.cache_write": used.write,
        "llm.token_count.completion_details.reasoning": used.reasoning,
    }


# https://github.com/openai/codex, codex-rs/protocol (TokenUsage)
def _codex(used: Used) -> dict[str, Any]:
    return {
        "input_tokens": used.given,
        "cached_input_tokens": used.read,
        "output_tokens": used.made,
        "reasoning_output_tokens": used.reasoning,
        "total_tokens": used.total,
    }


# https://docs.cursor.com/en/account/teams/admin-api (tokenUsage): input is without the cache.
def _cursor(used: Used) -> dict[str, Any]:
    return {
        "inputTokens": used.uncached,
        "outputTokens": used.made,
        "cacheWriteTokens": used.write,
        "cacheReadTokens": used.read,
    }


# https://github.com/sst/opencode (tokens of a message): every count is a part.
def _opencode(used: Used) -> dict[str, Any]:
    return {
        "input": used.uncached,
        "output": used.said,
        "reasoning": used.reasoning,
        "cache": {"read": used.read, "write": used.write},
        "total": used.total,
    }


# litellm/types/utils.py (Usage), as its callbacks and its spend logs hold it.
def _litellm(used: Used) -> dict[str, Any]:
    return {
        "prompt_tokens": used.given,
        "completion_tokens": used.made,
        "total_tokens": used.total,
        "prompt_tokens_details": {
            "cached_tokens": used.read,
            "audio_tokens": used.audio_in,
            "image_tokens": used.image_in,
            "video_tokens": used.video_in,
            "cache_write_tokens": used.write,
            "cache_creation_tokens": used.write,
            "cache_creation_token_details": {
                "ephemeral_5m_input_tokens": used.write_5m,
                "ephemeral_1h_input_tokens": used.write_1h,
            },
        },
        "completion_tokens_details": {
            "reasoning_tokens": used.reasoning,
            "audio_tokens": used.audio_out,
            "image_tokens": used.image_out,
        },
    }


_GOOGLE: Final = ("gemini", "vertex_ai")
_AUDIO: Final = "audio_in audio_out"

FORMS: Final[Mapping[str, Form]] = {
    "openai chat": Form(
        "usage", _says(f"read reasoning {_AUDIO}"), _openai, ("openai", "azure"), by="openai"
    ),
    "openai responses": Form(
        "usage", _says("read write_5m reasoning"), _responses, ("openai", "azure"), by="responses"
    ),
    "openai realtime": Form(
        "usage",
        _says(f"read read_audio {_AUDIO}"),
        _realtime,
        ("openai", "azure"),
        modes=("realtime", "chat"),
        by="responses",
    ),
    "openai images": Form(
        "usage",
        _says("image_in image_out"),
        _of_media,
        modes=("image_generation", "image_edit"),
        by="responses",
    ),
    "openai audio": Form(
        "usage",
        _says("audio_in"),
        _of_media,
        modes=("audio_transcription", "audio_speech"),
        by="responses",
    ),
    "embeddings": Form("usage", _says("no_output"), _embedding, modes=("embedding",), by="openai"),
    "anthropic": Form(
        "usage",
        _says("read write_5m write_1h reasoning searches geo"),
        _anthropic,
        ("anthropic", "vertex_ai", "azure_ai"),
        "claude",
        by="anthropic",
    ),
    "claude code": Form("", _says("read write_5m"), _claude_code, ("anthropic",), "claude"),
    "gemini": Form(
        "usageMetadata",
        _says(f"read read_audio reasoning image_in video_in image_out {_AUDIO}"),
        _gemini,
        _GOOGLE,
        "gemini",
        by="gemini",
    ),
    "gemini, thoughts inside": Form(
        "usageMetadata", _says("read reasoning"), _gemini_inside, _GOOGLE, "gemini", by="gemini"
    ),
    "vertex": Form("usage_metadata", _says("read reasoning"), _vertex, _GOOGLE, "gemini"),
    "gemini cli": Form("", _says("read reasoning"), _gemini_cli, _GOOGLE, "gemini"),
    "bedrock converse": Form(
        "usage", _says("read write_5m write_1h"), _converse, ("bedrock",), by="converse"
    ),
    "deepseek": Form("usage", _says("read reasoning"), _deepseek, ("deepseek",), by="openai"),
    "xai": Form("usage", _says("read reasoning searches image_in"), _xai, ("xai",), by="xai"),
    "groq": Form("usage", _says("read reasoning"), _groq, ("groq",), by="openai"),
    "together": Form("usage", _says("read"), _together, ("together_ai",)),
    "perplexity": Form(
        "usage", _says("reasoning searches"), _perplexity, ("perplexity",), by="perplexity"
    ),
    "mistral": Form("usage", _says("read"), _mistral, ("mistral",), by="openai"),
    "cohere": Form("usage", _says(""), _cohere, ("cohere_chat", "cohere")),
    "ollama": Form("", _says(""), _ollama, ("ollama",)),
    "vllm": Form(
        "usage", _says("read"), _vllm, ("fireworks_ai", "nebius", "deepinfra"), by="openai"
    ),
    "openrouter": Form(
        "usage",
        _says("read write_5m reasoning audio_in video_in image_out"),
        _openrouter,
        by="openai",
    ),
    "langchain": Form(
        "usage_metadata", _says(f"read write_5m write_1h reasoning {_AUDIO}"), _langchain
    ),
    "vercel ai sdk 5": Form("usage", _says("read reasoning"), _vercel_5),
    "vercel ai sdk 6": Form("usage", _says("read write_5m reasoning"), _vercel_6),
    "langfuse": Form("usageDetails", _says("read write_5m reasoning"), _langfuse),
    "opentelemetry": Form("", _says("read write_5m reasoning"), _otel),
    "openinference": Form("", _says("read write_5m reasoning"), _openinference),
    "codex": Form("usage", _says("read reasoning"), _codex, ("openai",)),
    "cursor": Form("tokenUsage", _says("read write_5m"), _cursor),
    "opencode": Form("tokens", _says("read write_5m reasoning"), _opencode),
    "litellm": Form(
        "usage",
        _says(f"read write_5m write_1h reasoning image_in video_in image_out {_AUDIO}"),
        _litellm,
        by="openai",
    ),
}
