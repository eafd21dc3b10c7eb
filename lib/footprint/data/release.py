"""Whether this app and its database fit together, asked before anything else is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from packaging.version import InvalidVersion, Version

from footprint.data.client import MissingFunction, Session, rpc
from footprint.errors import WrongRelease
from footprint.release import SCHEMA, SCHEMA_OF_0_1_0, VERSION

# Seconds for which an answer is believed: a good one long, a bad one until somebody has migrated.
_GOOD_FOR_S: Final = 300.0
_BAD_FOR_S: Final = 5.0
# 0.1.0 has nothing that says its release.
_FIRST: Final = {"release": "0.1.0", "schema": SCHEMA_OF_0_1_0, "oldest_app": SCHEMA_OF_0_1_0}


@dataclass
class ReleaseCheck:
    """What the database last said of its release; one for the process."""

    _problem: str | None = None
    _until: float = field(default=0.0)

    def __call__(self, session: Session) -> None:
        """Ask the database, at most every few minutes.

        Raises:
            WrongRelease: where it is older or newer than this app can work with.
            ServiceUnavailable: where it does not answer.
        """
        if time.monotonic() >= self._until:
            self._problem = problem(_said(session))
            kept_s = _BAD_FOR_S if self._problem else _GOOD_FOR_S
            self._until = time.monotonic() + kept_s
        if self._problem:
            raise WrongRelease(self._problem)


def problem(database: Mapping[str, Any]) -> str | None:
    """Say in a sentence why this app cannot work with a database; None where it can.

    Args:
        database: ``release``, ``schema`` and ``oldest_app``, as ``schema_release`` answers them.
    """
    release = str(database["release"])
    try:
        is_older = Version(release) < Version(VERSION)
    except InvalidVersion:
        is_older = False
    if is_older:
        return (
            f"The database is at Footprint {release}, older than this app ({VERSION}): "
            "run footprint migrate of this version on it, then reload this page."
        )
    if int(database["oldest_app"]) > SCHEMA:
        return (
            f"The database is at Footprint {release}, and this app ({VERSION}) is too old for it: "
            "install that version of llm-footprint where the app runs, and start it again."
        )
    return None


def _said(session: Session) -> Mapping[str, Any]:
    try:
        answer = rpc(session, "schema_release")
    except MissingFunction:
        return _FIRST
    return answer if isinstance(answer, dict) else _FIRST


check_release: Final = ReleaseCheck()
