"""What nobody foresaw: a person sees a number, the log gets the rest, and neither gets a secret."""

from __future__ import annotations

import logging
import re
import secrets
import traceback

import streamlit as st

from footprint.errors import FootprintError
from footprint.shell.screens import failure

LOG = logging.getLogger("footprint")

_SECRETS = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON web tokens
    r"|sb_(?:publishable|secret)_[\w-]+"  # Supabase keys
    r"|gAAAA[\w=-]+"  # sealed cookies
    r"|(?<=://)[^/@\s]+(?=@)"  # user and password in an address
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"  # people
    r"|(?i:(?:password|token|secret|key)[\"']?\s*[:=]\s*[\"']?)[^\s\"',;)]+"
)
_STREAMLIT_LOGGER = "streamlit.error_util"


def on_script_error(error: Exception) -> bool:
    """Answer for an error that no page caught; returns that the person has been told."""
    if isinstance(error, FootprintError):
        failure(error)
        return True
    number = record(error)
    st.error(
        f"Something went wrong on this page, and it has been noted as **{number}**. Nothing is "
        "lost. Reload the page to try again; if it stays, give that number to your administrator.",
        icon=":material/error:",
    )
    return True


def record(error: BaseException) -> str:
    """Log an error under a number of its own, without anything secret; return the number."""
    number = secrets.token_hex(4)
    frames = " < ".join(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    LOG.error("error %s: %s: %s | %s", number, type(error).__name__, redacted(str(error)), frames)
    return number


def redacted(text: str) -> str:
    """Return ``text`` on one line, with tokens, keys, passwords and addresses blotted out."""
    return _SECRETS.sub("[…]", " ".join(text.split()))[:500]


def keep_streamlit_from_logging_errors() -> None:
    """Drop Streamlit's own log of script errors: it prints messages as they are."""
    logger = logging.getLogger(_STREAMLIT_LOGGER)
    if _is_not_a_script_error not in logger.filters:
        logger.addFilter(_is_not_a_script_error)


def _is_not_a_script_error(entry: logging.LogRecord) -> bool:
    return not entry.getMessage().startswith("Uncaught app execution")
