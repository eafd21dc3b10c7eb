"""What the counted shares are of, one sentence each; docs/finance.md has the same ones. Pure."""

from __future__ import annotations

from typing import Final

MEANINGS: Final = {
    "billable": "Billable are requests that were sent to a provider, but for failures with neither "
    "tokens nor a cost.",
    "priced": "Priced are the billable requests whose cost is known, whatever they were billed by.",
    "measurable": "Measurable are requests that were sent to a provider and have tokens.",
    "measured": "Measured are the measurable requests of which an impact is estimated.",
    "attributed": "Attributed are those of all requests that are linked to a person, by an id or "
    "by a chat session.",
    "latency": "Latency is from request to complete answer, of successful requests that a provider "
    "answered: failures and the gateway's cache are left out.",
}


def meanings(*names: str) -> str:
    """Return what some of the counted shares mean, in their sentences."""
    return " ".join(MEANINGS[name] for name in names)
