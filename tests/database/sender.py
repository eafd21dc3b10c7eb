"""A program as people have it: LiteLLM with the callback of whatever release is on PYTHONPATH.

Run by test_compatibility.py. Arguments: a label for the requests, how many go through LiteLLM (one more is
recorded by hand), seconds to wait for delivery.
"""

import os
import sys
import time

import footprint

label, count, wait_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
if count:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    litellm.callbacks = [footprint.callback]
    for number in range(count):
        litellm.completion(
            model="gpt-4o",
            messages=[{"role": "user", "content": "hi"}],
            mock_response="hello",
            user="user-of-member",
            metadata={"session_id": label, "tags": [f"{label}-{number}"]},
        )
footprint.log_request_to_supabase(
    model="gpt-4o",
    provider="openai",
    user_id="user-of-member",
    session_id=label,
    tokens_input=3,
    cost_usd="0.01",
)
time.sleep(0.2)
print("delivered" if footprint.flush(wait_s) else "waits")
