"""Footprint's web app: the ASGI module that a server imports, and the script that a run executes.

`streamlit run Home.py` and `uvicorn Home:app` both work.
"""

import streamlit as st

if __name__ != "__main__":
    from footprint.api.middleware import MIDDLEWARE
    from footprint.api.routes import ROUTES
    from footprint.api.server import EXCEPTION_HANDLERS, prepare_streamlit
    from footprint.shell.failures import on_script_error

    prepare_streamlit()
    app = st.App(
        __file__,
        routes=ROUTES,
        middleware=MIDDLEWARE,
        on_script_error=on_script_error,
        exception_handlers=EXCEPTION_HANDLERS,
    )
else:
    from footprint.shell.frame import run

    run()
