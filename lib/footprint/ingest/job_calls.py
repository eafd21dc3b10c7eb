"""What LiteLLM's calls do with a provider's jobs, by the name LiteLLM gives the call. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from footprint.ingest import loose
from footprint.ingest.routes import kind_of_route, route_of

Kind: TypeAlias = Literal["response", "batch", "fine_tuning", "video", "interaction", ""]
Deed: TypeAlias = Literal["create", "read", "none"]

_NAMES: Final[Mapping[Kind, str]] = {
    "response": "responses",
    "batch": "batch",
    "fine_tuning": "fine_tuning",
    "video": "video_generation",
    "interaction": "interaction",
}
_NONE: Final = (
    *("delete_responses", "list_input_items", "list_batches", "list_fine_tuning_jobs"),
    *("create_file", "file_retrieve", "file_delete", "file_list", "file_content"),
    *("video_content", "video_list", "video_delete", "video_create_character"),
    "video_get_character",
    *(f"vector_store_{deed}" for deed in ("create", "retrieve", "list", "update", "delete")),
    *(
        f"vector_store_file_{deed}"
        for deed in ("create", "list", "retrieve", "content", "update", "delete")
    ),
    # Functions of several modules of LiteLLM that are called no more than this.
    *("list", "retrieve", "retrieve_content", "update", "delete"),
    *("list_containers", "retrieve_container", "delete_container", "list_container_files"),
    *("upload_container_file", "delete_sandbox"),
    *("create_skill", "list_skills", "get_skill", "delete_skill"),
    *("create_eval", "list_evals", "get_eval", "update_eval", "delete_eval", "cancel_eval"),
    *("list_runs", "get_run", "cancel_run", "delete_run"),
    *("get_assistants", "create_assistants", "delete_assistant", "create_thread", "get_thread"),
    *("add_message", "get_messages", "_add_message"),
    *("list_mcp_tools", "create_realtime_client_secret", "create_realtime_transcription_session"),
)
_JOBS: Final[Mapping[tuple[Kind, Deed], tuple[str, ...]]] = {
    ("response", "create"): ("responses",),
    ("response", "read"): ("get_responses", "cancel_responses"),
    ("batch", "create"): ("create_batch",),
    ("batch", "read"): ("retrieve_batch", "cancel_batch"),
    ("fine_tuning", "create"): ("create_fine_tuning_job",),
    ("fine_tuning", "read"): ("retrieve_fine_tuning_job", "cancel_fine_tuning_job"),
    ("video", "create"): (
        *("video_generation", "create_video", "video_remix", "video_edit", "video_extension"),
    ),
    ("video", "read"): ("video_status", "video_retrieve", "video_retrieve_job"),
    # `litellm.interactions.create` and `litellm.vector_stores.create` have the same name.
    ("interaction", "create"): ("create", "create_interaction"),
    ("interaction", "read"): ("get", "cancel"),
}
# What LiteLLM says, an asynchronous call with an `a` before it → kind of job, what is done with it.
DEEDS: Final[Mapping[str, tuple[Kind, Deed]]] = {
    **{before + name: ("", "none") for name in _NONE for before in ("", "a")},
    **{before + n: deed for deed, names in _JOBS.items() for n in names for before in ("", "a")},
}
# What LiteLLM calls an event of a job → what we call it.
CALL_TYPES: Final = {name: _NAMES[kind] for name, (kind, deed) in DEEDS.items() if deed != "none"}


def deed_of(kwargs: Mapping[str, Any]) -> tuple[Kind, Deed] | None:
    """Return what a call does with which kind of job; None for every usual request."""
    name = kwargs.get("call_type")
    if name is None:
        name = loose.mapping(kwargs.get("standard_logging_object")).get("call_type")
    if type(name) is not str:
        return None
    route = route_of(kwargs, name)
    if route is not None and kind_of_route(route) is None:
        # The proxy refused what asks for no work.
        return "", "none"
    return DEEDS.get(name)
