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
    # The heading it stands under in the navigation.
    section: str = ""
    # What deployment_info() must say for it to stand in the navigation; None: always.
    needs: str | None = None

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
        file="pages/activity.py",
        title="My activity",
        icon=":material/list_alt:",
        purpose="each of your own requests, newest first",
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
    Place(
        file="pages/ledger.py",
        title="Ledger",
        icon=":material/account_balance:",
        purpose="the credit of people: what was topped up, paid back and used",
        roles=("finance", "admin"),
    ),
    Place(
        file="pages/credit.py",
        title="My credit",
        icon=":material/account_balance_wallet:",
        purpose="your own credit, and how long it is likely to last",
        needs="prepaid_mode",
    ),
    Place(
        file="pages/method.py",
        title="Method",
        icon=":material/science:",
        purpose="how energy, CO₂e and water are estimated, and how good that is",
    ),
    Place(
        file="pages/restoration.py",
        title="Restoration",
        icon=":material/forest:",
        purpose="what was given to restoring nature, with its receipts",
    ),
    Place(
        file="pages/account.py",
        title="Account",
        icon=":material/person:",
        purpose="your name, your data, and who looked at it",
    ),
    Place(
        file="pages/people.py",
        title="People",
        icon=":material/group:",
        purpose="who belongs to the organisation, with their role and team",
        roles=("admin",),
        section="Administration",
    ),
    Place(
        file="pages/ingest_keys.py",
        title="Ingest keys",
        icon=":material/key:",
        purpose="the keys that may send requests",
        roles=("admin",),
        section="Administration",
    ),
    Place(
        file="pages/model_mapping.py",
        title="Model mapping",
        icon=":material/link:",
        purpose="the models whose impact nobody knows yet",
        roles=("admin",),
        section="Administration",
    ),
    Place(
        file="pages/grid_zones.py",
        title="Grid zones",
        icon=":material/public:",
        purpose="where requests are computed",
        roles=("admin",),
        section="Administration",
    ),
    Place(
        file="pages/data_quality.py",
        title="Data quality",
        icon=":material/fact_check:",
        purpose="what the records lack, and how to mend it",
        roles=("admin",),
        section="Administration",
    ),
    Place(
        file="pages/settings.py",
        title="Settings",
        icon=":material/tune:",
        purpose="what the organisation decided",
        roles=("admin",),
        section="Administration",
    ),
    Place(
        file="pages/audit_log.py",
        title="Audit log",
        icon=":material/history:",
        purpose="who changed what, and who looked at whom",
        roles=("admin",),
        section="Administration",
    ),
)
