"""What fields of usage are called, by what they mean: OpenAI, Anthropic, Gemini and everybody else.

A table of words. Names are in lower case with underscores (`inputTokens` is `input_tokens`), with
dots between nested objects, and may stand under any of `_AROUND`. A name with a star is too general
to mean usage by itself: it counts only inside an object that is usage.
"""

from __future__ import annotations

import re
from typing import Final

from footprint.event import UNITS

# Roles: the classes of tokens and their total, units (`footprint.event.UNITS`), and
#   native_…   as Anthropic names it: there input is without the cache
#   detail_…   a part of the input, as OpenAI and LangChain nest it
#   thoughts   reasoning that Gemini counts beside its output
#   billed_…   counts of a bill, where no others are given (Cohere)
#   known      nothing that is used or billed, or what is counted elsewhere already
_FIELDS: Final = """
input             prompt_tokens prompt_token_count input_token_count prompt_eval_count tokens_in
input             context_tokens contexttokens input_text_token_count n_prompt_tokens prompt* input*
input             num_prompt_tokens prompt_tokens_total tokens_prompt
native_input      input_tokens
output            completion_tokens output_tokens candidates_token_count eval_count tokens_out
output            output_token_count generated_tokens generatedtokens predicted_n completion*
output            output*
output            num_generated_tokens generation_tokens response_token_count completion_token_count
output            tokens_completion
output            generated_token_count
total             total_tokens total_token_count tokens_total num_tokens total*
input_uncached    prompt_cache_miss_tokens uncached_input_tokens input_uncached_tokens prompt_n
input_uncached    {in}.no_cache_tokens no_cache_tokens
native_cache_read cache_read_input_tokens cache_read_input_token_count cache_read_tokens cache_read*
cache_read        prompt_cache_hit_tokens cached_tokens cached_content_token_count cache_n cached*
cache_read        tokens_cached
cache_read        cached_input_tokens input_cached_tokens cached_prompt_tokens cached_token_count
cache_read        num_cached_tokens cache.read* input_cache_read* input_cached* cached_tokens_total
cache_read        input_tokens.cached input_cache_read_tokens input_cache_read_input_tokens
cache_read        cache_hit_tokens cached_prompt_text_tokens
detail_cache_read {in}.cached_tokens {in}.cache_read {in}.cache_read_tokens {in}.cached
detail_cache_read {in}.cache_read_input_tokens cache_read.input_tokens
native_cache_write cache_creation_input_tokens cache_write_input_tokens cache_write_tokens
native_cache_write cache_write_input_token_count cache_creation_tokens
cache_write       cache_write_token_count cache.write*
cache_write       input_cache_write*
cache_write       input_cache_creation* input_cache_creation_tokens input_cache_write_tokens
cache_write       input_cache_creation_input_tokens cache_write*
detail_cache_write {in}.cache_creation {in}.cache_write {in}.cache_write_tokens
detail_cache_write {in}.cache_creation_tokens {in}.cache_creation_input_tokens
detail_cache_write cache_creation.input_tokens
cache_write_5m    {ttl}.ephemeral_5m_input_tokens ephemeral_5m_input_tokens input_cache_creation_5m*
cache_write_30m   {ttl}.ephemeral_30m_input_tokens ephemeral_30m_input_tokens
cache_write_1h_tokens {ttl}.ephemeral_1h_input_tokens ephemeral_1h_input_tokens
cache_write_1h_tokens input_cache_creation_1h*
reasoning         reasoning_tokens reasoning_token_count reasoning_output_tokens thinking_tokens
reasoning         output_reasoning_tokens output_reasoning* output_tokens.reasoning reasoning*
reasoning         reasoning.output_tokens thinking_token_count
reasoning         {out}.reasoning_tokens {out}.reasoning {out}.thinking_tokens
thoughts          thoughts_token_count thoughts_tokens thoughts*
billed_input      billed_units.input_tokens
billed_output     billed_units.output_tokens
tool_input_tokens tool_use_prompt_token_count tool_use_prompt_tokens

audio_input_tokens {in}.audio_tokens {in}.audio {i}_audio_tokens {i}_audio*
audio_input_tokens audio.{i}_tokens audio_{i}_tokens
image_input_tokens {in}.image_tokens {in}.image {i}_image_tokens {i}_image*
image_input_tokens image.{i}_tokens image_{i}_tokens
video_input_tokens {in}.video_tokens {in}.video {i}_video_tokens {i}_video*
video_input_tokens video.{i}_tokens video_{i}_tokens
document_input_tokens {in}.document_tokens
audio_output_tokens {out}.audio_tokens {out}.audio {o}_audio_tokens {o}_audio*
audio_output_tokens audio.{o}_tokens audio_{o}_tokens
image_output_tokens {out}.image_tokens {out}.image {o}_image_tokens {o}_image*
image_output_tokens image.{o}_tokens image_{o}_tokens
video_output_tokens {out}.video_tokens {out}.video {o}_video_tokens {o}_video*
video_output_tokens video.{o}_tokens video_{o}_tokens
audio_cached_tokens {in}.cached_tokens_details.audio_tokens cached_audio_tokens
audio_cached_tokens input_cached_audio_tokens
image_cached_tokens {in}.cached_tokens_details.image_tokens
accepted_prediction_tokens {out}.accepted_prediction_tokens accepted_prediction_tokens
accepted_prediction_tokens output_accepted_prediction_tokens
rejected_prediction_tokens {out}.rejected_prediction_tokens rejected_prediction_tokens
rejected_prediction_tokens output_rejected_prediction_tokens
citation_tokens   citation_tokens
trained_tokens    trained_tokens

web_searches      server_tool_use.web_search_requests {in}.web_search_requests num_search_queries
web_searches      web_search_requests web_searches web_search_calls web_search.num_requests
web_searches      tool_usage.web_search.num_requests server_side_tool_usage_details.web_search_calls
web_fetches       server_tool_use.web_fetch_requests web_fetch_requests web_fetches
tool_calls        server_tool_use.tool_search_requests server_side_tool_usage_details.mcp_calls
code_sessions     server_tool_use.code_execution_requests code_interpreter_sessions code_sessions
code_sessions     server_side_tool_usage_details.code_interpreter_calls
file_searches     server_side_tool_usage_details.file_search_calls file_search_calls file_searches
search_units      billed_units.search_units search_units {in}.query_count
images            billed_units.images image_count num_images images_generated images*
images            {in}.image_count output_image_count
pages             pages_processed page_count num_pages billed_units.pages pages*
characters        character_count num_characters input_characters {in}.character_count characters*
audio_seconds     audio_seconds prompt_audio_seconds audio_duration_seconds audio_length_seconds
audio_seconds     input_audio_seconds {in}.audio_length_seconds seconds*
video_seconds     video_seconds video_length_seconds {in}.video_length_seconds

cost              cost.total_cost cost*
cost_ticks        cost_in_usd_ticks
tier              service_tier traffic_type service_tier.type
geo               inference_geo
speed             speed*

known             raw* details* type* unit* iterations* num_sources_used search_context_size
known             {in}.text_tokens {in}.text {in}.cached_text_tokens {in}.orig_text_tokens
known             {in}.cached_tokens_details.text_tokens {out}.text_tokens {out}.text text_tokens
known             text.{i}_tokens text.{o}_tokens {i}_text_tokens {o}_text_tokens {i}_text*
known             {o}_text* text_{i}_tokens text_{o}_tokens num_server_side_tools_used
known             doc_size_bytes max_tokens
known             cost.input_tokens_cost cost.output_tokens_cost cost.request_cost cost_details
known             cost.reasoning_tokens_cost cost.citation_tokens_cost cost.search_queries_cost
known             cost_details.upstream_inference_cost cost_details.upstream_inference_prompt_cost
known             cost_details.upstream_inference_completions_cost input_cost* output_cost*
known             billed_units.classifications is_byok message_count* num_turns*
"""
_MEANS: Final = {
    "in": (
        *("prompt_tokens_details", "input_tokens_details", "input_token_details"),
        *("prompt_token_details", "prompt_details", "input_details"),
    ),
    "out": (
        *("completion_tokens_details", "output_tokens_details", "output_token_details"),
        *("completion_token_details", "completion_details", "output_details"),
    ),
    "ttl": ("cache_creation", "cache_creation_token_details"),
    "i": ("input", "prompt"),
    "o": ("output", "completion"),
}
_MEANS["ttl"] += (
    tuple(f"{name}.{ttl}" for name in _MEANS["in"] for ttl in _MEANS["ttl"]) + (_MEANS["in"])
)
# Objects that usage, or its counts, stand in.
_AROUND: Final = frozenset(
    {
        *("usage", "usage_metadata", "usage_object", "usage_info", "token_usage", "usage_details"),
        *("gen_ai", "ai", "llm", "token_count", "response", "message", "result", "body", "metrics"),
        *("amazon_bedrock_invocation_metrics", "meta", "x_groq", "stats", "timings", "tokens"),
        *(
            "quantities",
            "response_body",
            "data",
            "payload",
            "input",
            "output",
            "inference",
            "metadata",
        ),
    }
)
IS_USAGE: Final = frozenset(
    {
        *("usage", "usage_metadata", "usage_object", "usage_info", "token_usage", "usage_details"),
        *("token_count", "tokens", "billed_units", "amazon_bedrock_invocation_metrics"),
        "quantities",
    }
)
# Times, rates and names: nothing is billed by them.
_IDLE: Final = re.compile(
    r"(?:^|_|\.)(?:time|times|duration|durations|latency|ms|at|timestamp|rate|ttft|created|index|"
    r"version|bytes|id|per_second|utilization|limit|remaining|budget)$"
)
_SUSPECT: Final = re.compile(
    r"(?:^|_|\.)(?:tokens?|costs?|spend|price|charged?|fees?|credits?|usd|eur|cents|images|pages|"
    r"characters|searches)(?:_|\.|$)"
)
_MONEY: Final = re.compile(
    r"(?:^|_|\.)(?:costs?|spend|price|charged?|fees?|credits?|usd|eur|cents)(?:_|\.|$)"
)
_INNOCENT: Final = re.compile(
    r"(?:^|_|\.)(?:max|min|limit|budget|remaining|per|rate|type|name|id|key|center|centre|source|"
    r"estimated|currency|plan|quota|available|balance|version|format|api|auth|access)(?:_|\.|$)"
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MAX_NAME: Final = 300
_MAX_REMEMBERED: Final = 10_000


def _table() -> tuple[dict[str, str], frozenset[str]]:
    """Return name → role, and the names that mean it inside usage alone."""
    roles: dict[str, str] = {}
    general = set()
    for line in filter(None, _FIELDS.splitlines()):
        role, *names = line.split()
        for name in names:
            plain = name.removesuffix("*")
            written = [plain]
            for short, words in _MEANS.items():
                mark = f"{{{short}}}"
                written = [
                    w.replace(mark, word, 1)
                    for w in written
                    for word in (words if mark in w else ("",))
                ]
            for word in written:
                roles.setdefault(word, role)
            if plain != name:
                general.update(written)
    for unit in UNITS - roles.keys():
        roles[unit] = unit
        general.add(unit)
    return roles, frozenset(general)


_ROLES, _GENERAL = _table()
_remembered: dict[str, str | None] = {}


def role_of(name: str) -> str | None:
    """Return what a field of a usage object is; `None` where nobody knows.

    Args:
        name: in any spelling, with dots between the names of nested objects.
    """
    try:
        return _remembered[name]
    except KeyError:
        if len(_remembered) >= _MAX_REMEMBERED:
            _remembered.clear()
        found = _remembered[name] = _find(plain_name(name))
        return found


def column_role(name: str) -> str | None:
    """Return what a column of a table is, if it is usage; a general word must stand in usage."""
    plain = plain_name(name)
    parts = plain.split(".")
    if plain in _GENERAL and not IS_USAGE.intersection(parts[:-1]):
        return None
    while len(parts) > 1 and parts[0] in _AROUND and ".".join(parts) not in _ROLES:
        is_usage = parts[0] in IS_USAGE
        del parts[0]
        if ".".join(parts) in _GENERAL and not is_usage:
            return None
    if (role := _ROLES.get(".".join(parts))) is not None:
        return role
    whole = plain.split(".")
    if _IDLE.search(plain) and IS_USAGE.intersection(whole):
        return "known"
    # What stands in an object that repeats others (`usage.raw`) repeats them too.
    parent = ".".join(whole[:-1])
    return "known" if parent and column_role(parent) == "known" else None


def is_suspect(name: str) -> bool:
    """Tell whether a column that nobody knows looks like usage or money."""
    plain = plain_name(name)
    if _INNOCENT.search(plain) or _IDLE.search(plain):
        return False
    return bool(_SUSPECT.search(plain) or IS_USAGE.intersection(plain.split(".")[:-1]))


def is_money(name: str) -> bool:
    """Tell whether a column looks like money rather than like usage."""
    return bool(_MONEY.search(plain_name(name)))


def plain_name(name: str) -> str:
    """Return a name in lower case, its words joined by underscores."""
    joined = _CAMEL.sub("_", name[:_MAX_NAME].strip()).lower()
    return joined.replace("-", "_").replace(" ", "_")


def _find(plain: str) -> str | None:
    parts = plain.split(".")
    while parts:
        if (role := _ROLES.get(".".join(parts))) is not None:
            return role
        if parts[0] not in _AROUND or len(parts) == 1:
            break
        del parts[0]
    return "known" if _IDLE.search(plain) else None
