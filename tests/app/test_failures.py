"""What nobody foresaw: a number for the person, a line for the log, a secret for neither."""

from __future__ import annotations

import logging

import pytest
from cryptography.fernet import Fernet
from streamlit.testing.v1 import AppTest

from footprint.shell.failures import keep_streamlit_from_logging_errors, record, redacted

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"refused token {JWT} today", JWT),
        ("key sb_publishable_AbC-123_x was wrong", "AbC-123_x"),
        ("key sb_secret_AbC123", "AbC123"),
        (f"cookie {Fernet(Fernet.generate_key()).encrypt(b'x').decode()}", "gAAAA"),
        ("postgresql://owner:hunter2@db.example.org/x", "hunter2"),
        ("connect failed: password=hunter2 host=db", "hunter2"),
        ("{'password': 'hunter2', 'a': 1}", "hunter2"),
        ('{"refresh_token": "v1.abc-def"}', "v1.abc-def"),
        ("Authorization: Bearer " + JWT, JWT),
        ("no such user: ann.lee+x@example.org", "ann.lee"),
    ],
)
def test_what_is_secret_or_personal_does_not_reach_the_log(text: str, secret: str) -> None:
    assert secret not in redacted(text)


def test_what_helps_to_find_the_mistake_stays() -> None:
    assert redacted("division by zero") == "division by zero"
    assert redacted("KeyError: 'cost_usd'\n  on two lines") == "KeyError: 'cost_usd' on two lines"


def test_an_error_is_one_line_with_its_number_and_where_it_happened(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        raise ValueError("password=hunter2\nsecond line")
    except ValueError as error:
        number = record(error)

    (entry,) = caplog.records
    line = entry.getMessage()
    assert line.startswith(f"error {number}: ValueError: ")
    assert "test_failures.py" in line and "\n" not in line
    assert "hunter2" not in line


def test_a_person_sees_the_number_and_no_traceback() -> None:
    def script() -> None:
        from footprint.shell.failures import on_script_error

        try:
            raise ValueError("password=hunter2")
        except ValueError as error:
            on_script_error(error)

    at = AppTest.from_function(script).run()

    assert not at.exception
    assert "noted as **" in at.error[0].value
    assert "ValueError" not in at.error[0].value
    assert "hunter2" not in at.error[0].value


def test_an_error_that_somebody_can_mend_is_shown_as_its_sentence() -> None:
    def script() -> None:
        from footprint.errors import ServiceUnavailable
        from footprint.shell.failures import on_script_error

        on_script_error(ServiceUnavailable("The database does not answer right now."))

    at = AppTest.from_function(script).run()

    assert "does not answer right now" in at.markdown[0].value
    assert [button.label for button in at.button] == ["Try again"]


def test_streamlits_own_log_of_script_errors_is_dropped_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    keep_streamlit_from_logging_errors()
    keep_streamlit_from_logging_errors()
    logger = logging.getLogger("streamlit.error_util")
    handler = caplog.handler
    logger.addHandler(handler)
    try:
        logger.error("Uncaught app execution", exc_info=ValueError("password=hunter2"))
        logger.error("something else")
    finally:
        logger.removeHandler(handler)

    assert {entry.getMessage() for entry in caplog.records} == {"something else"}
