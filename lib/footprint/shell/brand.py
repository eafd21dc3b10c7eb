"""The product's name, its one line, and its mark."""

from __future__ import annotations

import base64

import streamlit as st

NAME = "Footprint"
PROMISE = "See what your AI requests cost, what they weigh, and what is given back."

# A sole that is a leaf, and its toes; drawn on a grid of 32.
_MARK = (
    '<path d="M15.6 30C10.2 29.4 8.2 24.7 8.9 19.6 9.6 14.6 13 11.6 18.2 11.2c3.2-.2 5.2 1.6 5.3 '
    '4.9.1 3.6-2.3 5.2-2.6 8.2-.3 3.4-1.9 6.1-5.3 5.7Z"/>'
    '<path d="M14.2 26.5C14.4 21.6 16.3 17.7 20 14.9" fill="none" stroke="{ground}" '
    'stroke-width="1.5" stroke-linecap="round"/>'
    '<ellipse cx="22.7" cy="6.3" rx="2.9" ry="3.5"/><circle cx="17" cy="7" r="1.9"/>'
    '<circle cx="13" cy="8.7" r="1.6"/><circle cx="9.9" cy="11.2" r="1.4"/>'
)
_COLOURS = {"light": "#0B6E4F", "dark": "#6FD3A8"}
# Legible on both grounds, for the moment before a browser has told its theme.
_EITHER = "#1F8A63"


def favicon() -> str:
    """Return the tab's icon as a data address: no file, no request, nothing to gate."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        '<rect width="32" height="32" rx="7" fill="#0B6E4F"/>'
        f'<g fill="#fff" transform="translate(3.2 3.2) scale(.8)">{_mark("#0B6E4F")}</g></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def logo() -> str:
    """Return the mark and the name as SVG, in a green that the current theme can carry."""
    theme = st.context.theme.type
    colour = _COLOURS.get(theme or "", _EITHER)
    ground = {"light": "#F3F6F4", "dark": "#0A100D"}.get(theme or "", "#fff")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 32" width="150" height="32">'
        f'<g fill="{colour}">{_mark(ground)}</g>'
        f'<text x="36" y="23.5" font-family="system-ui, -apple-system, Segoe UI, sans-serif" '
        f'font-size="22" font-weight="650" letter-spacing="-.4" fill="{colour}">{NAME}</text></svg>'
    )


def _mark(ground: str) -> str:
    return _MARK.format(ground=ground)
