"""What must hold before Streamlit serves its first request."""

from __future__ import annotations

import contextlib

from starlette.requests import Request
from starlette.responses import Response
from streamlit.runtime.pages_manager import PagesManager

from footprint.api.mailroom import mailroom
from footprint.auth.routes import page
from footprint.config import get_settings
from footprint.errors import FootprintError
from footprint.shell.failures import keep_streamlit_from_logging_errors


def prepare_streamlit() -> None:
    """Switch off what would let a request past the app's own entrance.

    Streamlit once made every file in ``pages/`` a page of its own, and still does so until the
    first run of ``st.navigation``: a deep link opened right after the start would run a page
    without the frame around it.

    Reported requests that an earlier process left on disk go on to the database from here.
    """
    PagesManager.uses_pages_directory = False
    keep_streamlit_from_logging_errors()
    with contextlib.suppress(FootprintError):  # a wrong setting: the screens say so
        mailroom().resume(get_settings())


async def _sentence(_: Request, error: Exception) -> Response:
    return page(503, "That did not work", str(error))


EXCEPTION_HANDLERS = {FootprintError: _sentence}
