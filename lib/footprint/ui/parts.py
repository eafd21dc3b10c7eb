"""The parts of a page, each on its own: one that fails says so and can be tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.errors import FragmentHandledException

from footprint.errors import FootprintError
from footprint.shell.failures import record
from footprint.shell.text import plain

# Pixels: about as tall as a row of cards, and as a chart in its card.
CARDS, CHART = 150, 380


@contextmanager
def part(what: str, height: int = CARDS) -> Iterator[None]:
    """Draw a part of a page; while it is asked for, a skeleton holds its place.

    What fails within is said in this part alone, with a button to try again.

    Args:
        what: what the part shows, as in "Latency could not be shown".
        height: of the skeleton, in pixels.
    """
    try:
        with st.skeleton(height=height):
            yield
    except FragmentHandledException:
        return  # A card that runs anew by itself has said so in its own place.
    except FootprintError as error:
        _failed(what, str(error))
    except Exception as error:
        # Nothing unforeseen in a part may take the rest of the page along.
        number = record(error)
        _failed(
            what,
            f"Something went wrong here; it has been noted as {number}. If it stays, give that "
            "number to your administrator.",
        )


@contextmanager
def loading() -> Iterator[None]:
    """Hold the place of a page's figures with skeletons while they are asked for."""
    held = st.empty()
    with held.container():
        with st.grid(4, min_column_width=190):
            for _ in range(4):
                st.skeleton(height=CARDS)
        st.skeleton(height=CHART)
    try:
        yield
    finally:
        held.empty()


def _failed(what: str, why: str) -> None:
    with st.container(border=True, gap="small"):
        st.markdown(f":material/error: **{plain(what)} could not be shown.** {plain(why)}")
        # A click is a rerun, and a rerun is another try; what stands comes from the cache.
        st.button("Try again", icon=":material/refresh:", key=f"again_{what}")
