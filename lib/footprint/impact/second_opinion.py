"""EcoLogits' formula, as a second opinion beside our figure. Pure: EcoLogits is not imported.

A port of ``ecologits.impacts.llm`` 0.11.3 (GenAI Impact, MPL-2.0), held to it by a test over every
model of its registry. It counts generated tokens only. What it says of the sizes that our factors
were matched to is worked out when a factor set is built and shipped with it.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from footprint.impact import constants as c
from footprint.impact.engine import TEXT, Factor
from footprint.impact.ladder import Size
from footprint.impact.shipped import FOLDER

# kWh of one accelerator per generated token: (alpha * exp(beta * batch) * active + gamma) / 1000.
ALPHA: Final = 1.1665273170451914e-06
BETA: Final = -0.011205921025579175
GAMMA: Final = 4.052928146734005e-05
# A server without its accelerators, kW.
SERVER_KW: Final = 1.2
_COLUMNS: Final = (
    "matched",
    "accelerators_kwh_low",
    "accelerators_kwh_high",
    "it_kwh_low",
    "it_kwh_high",
    "it_kwh_per_request_low",
    "it_kwh_per_request_high",
)


@dataclass(frozen=True)
class Machine:
    """What serves a model of one size, by EcoLogits.

    Attributes:
        accelerators: How many hold the weights, a power of two.
        accelerators_kwh: Their energy per generated token, kWh.
        seconds: Time per generated token, s.
    """

    accelerators: int
    accelerators_kwh: float
    seconds: float

    def server_kwh(self, seconds: float) -> float:
        """Return the energy of the server without its accelerators for so many seconds, kWh."""
        share = self.accelerators / c.ACCELERATORS_PER_SERVER / c.BATCH_SIZE
        return seconds / 3600 * SERVER_KW * share

    def embodied_gco2e(self, seconds: float) -> float:
        """Return the making of the hardware for so many seconds, gCO2e."""
        kg = (
            self.accelerators / c.ACCELERATORS_PER_SERVER * c.SERVER_EMBODIED_KGCO2E
            + self.accelerators * c.ACCELERATOR_EMBODIED_KGCO2E
        )
        return seconds * kg * 1000 / (c.HARDWARE_LIFE_S * c.BATCH_SIZE)


@dataclass(frozen=True)
class SecondOpinion:
    """Energy by EcoLogits, low and high end of its range of sizes, before PUE.

    Attributes:
        accelerators_kwh: Of the accelerators, per generated token, kWh.
        it_kwh: Of the IT equipment, per generated token, kWh.
        it_kwh_per_request: Of the IT equipment until the first token, per request, kWh.
    """

    accelerators_kwh: tuple[float, float]
    it_kwh: tuple[float, float]
    it_kwh_per_request: tuple[float, float]

    def energy_kwh(self, tokens_out: int, pue: float) -> tuple[float, float]:
        """Return the energy of a request in its data centre, low and high, kWh."""
        low, high = (
            (token * tokens_out + once) * pue
            for token, once in zip(self.it_kwh, self.it_kwh_per_request, strict=True)
        )
        return low, high


def machine(active_b: float, total_b: float, tokens_per_s: float | None = None) -> Machine:
    """Return what serves a model.

    Args:
        active_b: Parameters at work for a token, billions.
        total_b: All parameters, billions.
        tokens_per_s: Speed of generation for one request; None: from the size.
    """
    memory_gb = c.MEMORY_MARGIN * total_b * c.WEIGHT_BYTES
    accelerators = 1 << math.ceil(math.log2(math.ceil(memory_gb / c.ACCELERATOR_MEMORY_GB)))
    one_kwh = (ALPHA * math.exp(BETA * c.BATCH_SIZE) * active_b + GAMMA) / 1000
    seconds = (
        1 / tokens_per_s
        if tokens_per_s
        else c.LATENCY_ACTIVE_S * active_b + c.LATENCY_BATCH_S * c.BATCH_SIZE + c.LATENCY_CONSTANT_S
    )
    return Machine(accelerators, accelerators * one_kwh, seconds)


def second_opinion(size: Size) -> SecondOpinion:
    """Return what EcoLogits' formula says of a size, at the two ends of its range."""
    ends = [
        machine(active, total, size.tokens_per_s)
        for active, total in zip(size.active_b, size.total_b, strict=True)
    ]
    waiting = size.first_token_s or 0.0
    accelerators = [m.accelerators_kwh for m in ends]
    equipment = [m.accelerators_kwh + m.server_kwh(m.seconds) for m in ends]
    once = [m.server_kwh(waiting) for m in ends]
    return SecondOpinion(_pair(accelerators), _pair(equipment), _pair(once))


def opinion_on(factor: Factor) -> SecondOpinion | None:
    """Return EcoLogits' view of a factor's model; None where it has none (no size, no output)."""
    if factor.kind != TEXT:
        return None
    return opinions().get(str(factor.sources.get("matched", "")))


def opinions_path(name: str = c.FACTOR_SET, folder: Path = FOLDER) -> Path:
    """Return where the second opinions of a set lie."""
    return folder / f"second_opinion_{name}.csv"


def render_opinions(found: Mapping[str, SecondOpinion]) -> str:
    """Return the file of second opinions, kWh before PUE, six significant digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for name, opinion in found.items():
        values = (*opinion.accelerators_kwh, *opinion.it_kwh, *opinion.it_kwh_per_request)
        writer.writerow([name, *(f"{value:.6g}" for value in values)])
    return text.getvalue()


@cache
def opinions() -> dict[str, SecondOpinion]:
    """Return the shipped second opinions by the name that factors were matched to."""
    lines = opinions_path().read_text(encoding="utf-8").splitlines()
    return {
        row["matched"]: SecondOpinion(
            (float(row["accelerators_kwh_low"]), float(row["accelerators_kwh_high"])),
            (float(row["it_kwh_low"]), float(row["it_kwh_high"])),
            (float(row["it_kwh_per_request_low"]), float(row["it_kwh_per_request_high"])),
        )
        for row in csv.DictReader(lines)
    }


def _pair(values: list[float]) -> tuple[float, float]:
    low, high = values
    return low, high
