"""From a script run to a route: only an HTTP answer can set a cookie, so the page sends a request.

The scripts are constants and read what they need from the page, so that the Content-Security-Policy
can allow them, and no other, by their hashes.
"""

from __future__ import annotations

from html import escape

import streamlit as st

_SUBMIT = 'document.getElementById("footprint-bridge").submit()'
_TOUCH = 'fetch("/session/touch",{method:"POST",credentials:"same-origin"})'

SCRIPTS = (_SUBMIT, _TOUCH)


def post(path: str, **fields: str) -> None:
    """Have the browser leave this page with a POST of ``fields`` to one of our own routes."""
    inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    st.html(
        f'<form id="footprint-bridge" method="post" action="{escape(path)}">{inputs}</form>'
        f"<script>{_SUBMIT}</script>",
        unsafe_allow_javascript=True,
    )


def touch(generation: int) -> None:
    """Have the browser fetch a fresh session cookie, once for each ``generation`` of tokens."""
    st.html(
        f'<span data-generation="{generation}"></span><script>{_TOUCH}</script>',
        unsafe_allow_javascript=True,
    )
