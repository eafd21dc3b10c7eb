"""What a script run has the browser do: only an HTTP answer can set a cookie, so the page asks.

The scripts are constants and read what they need from the page, so that the Content-Security-Policy
can allow them, and no other, by their hashes.
"""

from __future__ import annotations

from html import escape

import streamlit as st

_SUBMIT = 'document.getElementById("footprint-bridge").submit()'
_TOUCH = 'fetch("/session/touch",{method:"POST",credentials:"same-origin"})'
_ANNOUNCE = """(() => {
  const owner = document.getElementById("footprint-owner").dataset.owner;
  const tabs = (window.footprintTabs ??= new BroadcastChannel("footprint"));
  tabs.onmessage = (message) => { if (message.data !== owner) location.reload(); };
  tabs.postMessage(owner);
})()"""

# Streamlit puts the sections of its navigation into a list whose items they are not: screen readers
# are told of a group of links instead, also of those that appear later.
_MEND_NAVIGATION = """(() => {
  const mend = () => {
    for (const list of document.querySelectorAll("[data-testid=stSidebarNavItems]")) {
      list.setAttribute("role", "group");
      for (const item of list.querySelectorAll("li")) item.setAttribute("role", "none");
    }
  };
  mend();
  if (window.footprintNavigation) return;
  window.footprintNavigation = new MutationObserver(mend);
  const place = document.querySelector("[data-testid=stSidebar]") ?? document.body;
  window.footprintNavigation.observe(place, { childList: true, subtree: true });
})()"""

SCRIPTS = (_SUBMIT, _TOUCH, _ANNOUNCE, _MEND_NAVIGATION)


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


def announce(owner: str) -> None:
    """Tell the browser's other tabs whose this one is; a tab that is another's loads anew.

    Signing out, or in as somebody else, thereby takes what the last person saw off every tab.
    """
    st.html(
        f'<span id="footprint-owner" data-owner="{escape(owner)}"></span>'
        f"<script>{_ANNOUNCE}</script>",
        unsafe_allow_javascript=True,
    )


def mend_navigation() -> None:
    """Have the browser tell screen readers what the navigation is."""
    st.html(f"<script>{_MEND_NAVIGATION}</script>", unsafe_allow_javascript=True)
