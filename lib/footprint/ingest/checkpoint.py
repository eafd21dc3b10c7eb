"""Where an import stands, kept beside the data so that an interrupted one goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

FOLDER = "imports"
MAX_FLAGS: Final = 100
MORE_FLAGS: Final = "more"


@dataclass
class Tally:
    """What an import has met so far. `priced` counts the requests whose cost is known, `changed`
    those of the duplicates that say something else than what is stored, `skipped` the rows that
    are no requests or outside the period asked for, `flags` the requests by what was cut or not
    understood in them."""

    requests: int = 0
    tokens: int = 0
    priced: int = 0
    cost_usd: Decimal = field(default_factory=Decimal)
    inserted: int = 0
    duplicates: int = 0
    rejected: int = 0
    skipped: int = 0
    unknown_models: set[str] = field(default_factory=set)
    changed: int = 0
    flags: dict[str, int] = field(default_factory=dict)

    def count_flags(self, flags: Mapping[str, int]) -> None:
        """Add the flags of some requests; those beyond the 100th kind count as `MORE_FLAGS`."""
        for flag, count in flags.items():
            known = flag in self.flags or len(self.flags) < MAX_FLAGS
            name = flag if known else MORE_FLAGS
            self.flags[name] = self.flags.get(name, 0) + count


@dataclass(frozen=True)
class Position:
    """A line up to which everything is stored or rejected, and the digest that names it.

    Args:
        line: number of the line; 0 at the beginning.
        digest: of that line, hexadecimal, see `footprint.ingest.lines.Line`.
        sent_from: the line after which the last batch began. It is sent again when the import
            goes on: a database that answers with anything new is not the one we left.
    """

    line: int = 0
    digest: str = ""
    sent_from: int = 0


class Checkpoint:
    """The state file of one import: this file, with these instructions, to this destination.

    It is a convenience. Where it cannot be written, an import starts from the beginning and meets
    its own requests as duplicates.
    """

    def __init__(self, data_dir: Path, *identity: object) -> None:
        key = hashlib.sha256(json.dumps(identity, default=str, sort_keys=True).encode()).hexdigest()
        self._path = data_dir / FOLDER / f"{key[:32]}.json"

    def load(self) -> tuple[Position, Tally] | None:
        """Return where the import stood; None where there is nothing to go on from."""
        try:
            content: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            tally = Tally(**content["tally"])
            tally.cost_usd = Decimal(tally.cost_usd)
            tally.unknown_models = set(tally.unknown_models)
            tally.flags = {flag: int(count) for flag, count in tally.flags.items()}
            return Position(**content["position"]), tally
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            return None

    def save(self, position: Position, tally: Tally) -> None:
        """Keep where the import stands, whole or not at all."""
        content = {"position": asdict(position), "tally": asdict(tally)}
        draft = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_text(json.dumps(content, default=_plain), encoding="utf-8")
            draft.replace(self._path)
        except OSError:
            return

    def clear(self) -> None:
        """Forget it: the import is complete."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, set) else str(value)
