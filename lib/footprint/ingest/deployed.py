"""Which model a deployment of the host's proxy leads to, as its router has it.

LiteLLM is read only where the host already imported it, and never asked.
"""

from __future__ import annotations

import sys

from footprint.ingest import loose


def deployed_model(deployment_id: str) -> str | None:
    """Return LiteLLM's name of a deployment's model; None where there is no such deployment."""
    router = getattr(sys.modules.get("litellm.proxy.proxy_server"), "llm_router", None)
    deployments = getattr(router, "model_list", None)
    for each in deployments if isinstance(deployments, list) else ():
        deployment = loose.mapping(each)
        if loose.mapping(deployment.get("model_info")).get("id") == deployment_id:
            return loose.text(loose.mapping(deployment.get("litellm_params")).get("model"))
    return None
