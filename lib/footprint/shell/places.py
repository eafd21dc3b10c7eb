"""The pages of the app: where each is, what it is for, and whom it is for."""

from __future__ import annotations

from dataclasses import dataclass

EVERYBODY = ("member", "admin", "finance")


@dataclass(frozen=True)
class Place:
    """One page of the app; ``purpose`` completes the sentence "This page shows …"."""

    file: str
    title: str
    icon: str
    purpose: str
    roles: tuple[str, ...] = EVERYBODY

    @property
    def is_home(self) -> bool:
        """Whether this page is the one at ``/``."""
        return self is PLACES[0]


PLACES = (
    Place(
        file="pages/footprint.py",
        title="Home",
        icon=":material/footprint:",
        purpose="what your own requests cost and weigh",
    ),
    Place(
        file="pages/organisation.py",
        title="Organisation",
        icon=":material/groups:",
        purpose="what everyone's requests cost and weigh together, by model, provider and team",
        roles=("admin", "finance"),
    ),
    Place(
        file="pages/finance.py",
        title="Finance",
        icon=":material/receipt_long:",
        purpose="one month by person and model, for the books",
        roles=("finance", "admin"),
    ),
)
