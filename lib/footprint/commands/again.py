"""``--every``: a command that does its work again and again, until it is stopped."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable

from footprint.errors import ServiceUnavailable


def add_every(parser: argparse.ArgumentParser) -> None:
    """Let a command take ``--every``."""
    parser.add_argument(
        "--every",
        type=_seconds,
        metavar="TIME",
        help="do it again and again until stopped, so often: 10m, 1h, 1d",
    )


def run_again(act: Callable[[], None], every_s: float | None) -> int:
    """Act once, or every so often; an outage meanwhile ends nothing.

    Args:
        act: what to do.
        every_s: seconds between two times; None for once.

    Raises:
        FootprintError: where acting once fails, or acting again would fail the same way.
    """
    if every_s is None:
        act()
        return 0
    try:
        while True:
            try:
                act()
            except ServiceUnavailable as error:
                print(f"footprint: {error}", file=sys.stderr)
            sys.stdout.flush()
            time.sleep(every_s)
    except KeyboardInterrupt:
        return 0


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)([smhd])", text.strip().lower())
    if not found or not int(found.group(1)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 30s, 10m, 1h or 1d")
    return float(int(found.group(1)) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found.group(2)])
