"""Prompts and answers: never where they are not wanted, never before they are redacted."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from footprint.config import Settings
from footprint.ingest import health
from footprint.ingest.content import CUT, EARLIER, MAX_CHARS, Content, is_private
from footprint.ingest.normalise import LitellmCall
from footprint.ingest.recorder import Recorder, open_recorder
from footprint.ingest.redaction import LONGEST
from footprint.ingest.segments import SUFFIX
from footprint.ingest.spool import Spool
from footprint.ingest.survey import survey
from ingest_callback.conftest import HERE, run
from ingest_callback.provider import providing
from ingest_callback.receiver import Receiver, serving
from ingest_callback.test_truth_table import FILES, payload_of

MODES = (Path(__file__).parent / "content_modes.py").read_text()
SECRETS = ("anna@example.org", "anna\\u0040example", "4111 1111", "UElDVFVSRQ", "U09VTkQ")
ASKED = "PROMPTWORD to [e-mail]"
ANSWERED = "ANSWERWORD for card [card]"
Event = dict[str, Any]


def events_of(folder: Path, **more: str) -> dict[str, Event]:
    """Run the program; return what was delivered, by `user`."""
    with serving(Receiver()) as receiver, providing() as address:
        more = {"FOOTPRINT_EXIT_TIMEOUT": "20", **more}
        run(MODES, folder / "spool", receiver.url, address, python=HERE, **more)
        return {event.get("user_id", "nobody"): event for event in receiver.stored.values()}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Event]:
    return events_of(tmp_path_factory.mktemp("on"), FOOTPRINT_SEND_CONTENT="1")


def test_no_event_of_any_mode_holds_a_secret(sent: dict[str, Event]) -> None:
    assert len(sent) == 14
    whole = json.dumps(list(sent.values()))
    assert "PROMPTWORD" in whole
    for secret in SECRETS:
        assert secret not in whole


@pytest.mark.parametrize("user", ["chat", "stream", "async chat", "async stream"])
def test_a_conversation_arrives_redacted(sent: dict[str, Event], user: str) -> None:
    assert sent[user]["messages"] == [{"role": "user", "text": ASKED}]
    assert sent[user]["response"] == [{"role": "assistant", "text": ANSWERED}]


def test_parts_that_are_no_text_leave_a_mark(sent: dict[str, Event]) -> None:
    [message] = sent["parts"]["messages"]
    assert message["text"].split("\n") == [ASKED, "[image]", "[audio]", "and more"]


def test_tool_calls_are_redacted_in_question_and_answer(sent: dict[str, Event]) -> None:
    call = 'send({"to": "[e-mail]", "word": "PROMPTWORD"})'
    assert sent["tools"]["messages"] == [
        {"role": "user", "text": ASKED},
        {"role": "assistant", "text": call},
        {"role": "tool", "text": "sent to [e-mail]"},
    ]
    [answer] = sent["tool answer"]["response"]
    assert answer["text"].split("\n")[-1] == call


def test_other_kinds_of_requests_have_their_texts(sent: dict[str, Event]) -> None:
    for user in ("text", "anthropic"):
        assert sent[user]["messages"] == [{"role": "user", "text": ASKED}], user
        assert sent[user]["response"][0]["text"], user
    assert sent["embedding"]["messages"] == [{"role": "user", "text": ASKED}]
    assert "response" not in sent["embedding"]
    assert sent["failed"]["messages"] == [{"role": "user", "text": ASKED}]


def test_a_long_prompt_is_cut_with_a_mark(sent: dict[str, Event]) -> None:
    [message] = sent["long"]["messages"]
    assert message["text"].endswith(CUT)
    # 31 characters become 23 by redaction; at the end, 512 more are dropped.
    assert 21_000 < len(message["text"]) <= MAX_CHARS + len(CUT)


@pytest.mark.parametrize("user", ["private", "private for all"])
def test_whoever_turns_message_logging_off_is_heard(sent: dict[str, Event], user: str) -> None:
    assert sent[user]["tokens_output_text"]
    assert "messages" not in sent[user] and "response" not in sent[user]


def test_switched_off_not_one_byte_of_it_leaves_or_lies_on_disk(tmp_path: Path) -> None:
    for name, url in (("delivered", None), ("waiting", "http://127.0.0.1:9")):
        folder = tmp_path / name
        folder.mkdir()
        if url is None:
            assert "WORD" not in json.dumps(events_of(folder))
            continue
        with providing() as address:
            run(MODES, folder / "spool", url, address, FOOTPRINT_EXIT_TIMEOUT="1")
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert any(path.name.endswith(SUFFIX) and b"gpt-4o" in path.read_bytes() for path in files)
        for path in files:
            assert b"WORD" not in path.read_bytes(), path


def test_switched_off_the_redactor_is_not_even_imported(folder: Path, receiver: Receiver) -> None:
    program = (
        "import sys, footprint\n"
        "footprint.callback.log_success_event({'model': 'gpt-4o', 'litellm_call_id': 'a'}, None,"
        " 1.7e9, 1.7e9)\n"
        "print([name for name in sys.modules if name.startswith('footprint.ingest.')"
        " and name.endswith(('redaction', 'content'))])"
    )
    assert run(program, folder, receiver.url).strip() == "[]"
    wanted = run(program, folder, receiver.url, FOOTPRINT_SEND_CONTENT="1")
    assert "footprint.ingest.redaction" in wanted


def recorded(settings: Settings, **more: Any) -> Recorder:
    """Return a recorder with one more call recorded, of the settings and content switched on."""
    recorder = open_recorder(Settings(**{**vars(settings), "send_content": True, **more}))
    payload = {
        "litellm_call_id": "one",
        "startTime": 1.7e9,
        "status": "success",
        "messages": [{"role": "user", "content": "PROMPTWORD anna@example.org, Anna Apple"}],
        "response": {"choices": [{"message": {"content": "ANSWERWORD"}}]},
    }
    recorder.finished({"standard_logging_object": payload}, None, None, None, failed=False)
    return recorder


@pytest.fixture
def own_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "our_rules.py").write_text(
        "def names(text):\n    return text.replace('Anna Apple', '[person]')\n"
        "def bad(text):\n    raise ValueError('cannot read: ' + text)\n"
        "def none(text):\n    return None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


def test_own_rules_run_after_the_built_in_ones(
    settings: Settings, receiver: Receiver, own_rules: None
) -> None:
    recorder = recorded(settings, redaction_rules=("our_rules:names",))
    assert recorder.courier.stop(10)
    [event] = receiver.stored.values()
    assert event["messages"] == [{"role": "user", "text": "PROMPTWORD [e-mail], [person]"}]
    assert event["response"] == [{"role": "assistant", "text": "ANSWERWORD"}]
    assert survey(settings.spool_dir).problems(health.read(settings.spool_dir), 0.0) == []


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("our_rules:bad", "redaction failed (ValueError)"),
        ("our_rules:none", "redaction failed (TypeError)"),
        ("our_rules:missing", "the redaction rule our_rules:missing cannot be imported"),
        ("not_there:rule", "the redaction rule not_there:rule cannot be imported"),
    ],
)
def test_a_rule_that_fails_leaves_content_out_and_says_so(
    settings: Settings, receiver: Receiver, own_rules: None, caplog: pytest.LogCaptureFixture,
    rule: str, reason: str,
) -> None:  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        recorder = recorded(settings, redaction_rules=(rule,))
        assert recorder.courier.stop(10)
    [event] = receiver.stored.values()
    assert event["litellm_call_id"] == "one"
    assert "WORD" not in json.dumps(event)
    counted = health.read(settings.spool_dir)
    assert counted["counts"][health.CONTENT_LEFT_OUT] == 1
    [problem] = survey(settings.spool_dir).problems(counted, 0.0)
    assert problem.startswith(f"prompts and answers are left out: {reason}")
    assert "WORD" not in caplog.text + json.dumps(counted)

    mended = recorded(settings, redaction_rules=())
    assert mended.courier.stop(10)
    assert survey(settings.spool_dir).problems(health.read(settings.spool_dir), 0.0) == []


def content_of(folder: Path, messages: Any, response: Any = None) -> dict[str, Any]:
    payload = {"messages": messages, "response": response}
    return Content(Spool(folder, 10**9)).of(LitellmCall({"standard_logging_object": payload}))


@pytest.mark.parametrize(
    ("scenario", "asked", "answered"),
    [
        ("responses_http_async", "x", "hi"),
        ("responses_stream_sync", "x", "hi"),
        ("proxy_responses_stream", "x", "hi"),
        ("proxy_messages_stream", "hi", "hi there"),
        ("proxy_pt_anthropic", "hi", "hi there"),
        ("proxy_completions", "x", "hello world"),
        ("transcription_http", "[key]", "hello there"),
    ],
)
def test_captured_payloads_of_other_interfaces_have_their_texts(
    folder: Path, scenario: str, asked: str, answered: str
) -> None:
    payload = payload_of(next(path for path in FILES if path.name.startswith(f"{scenario}__")))
    found = content_of(folder, payload["messages"], payload["response"])
    assert found["messages"] == [{"role": "user", "text": asked}]
    assert found["response"] == [{"role": "assistant", "text": answered}]


@pytest.mark.parametrize("scenario", ["image_http", "embedding_http", "moderation_http"])
def test_pictures_vectors_and_verdicts_are_no_answer(folder: Path, scenario: str) -> None:
    payload = payload_of(next(path for path in FILES if path.name.startswith(f"{scenario}__")))
    found = content_of(folder, payload["messages"], payload["response"])
    assert list(found) == ["messages"]


def test_of_a_long_conversation_the_newest_messages_are_kept(folder: Path) -> None:
    found = content_of(folder, [{"role": "user", "content": f"{n} " * 5000} for n in range(10)])
    texts = [turn["text"] for turn in found["messages"]]
    assert texts[0] == EARLIER
    assert texts[-1] == "9 " * 5000 and texts[-3] == "7 " * 5000
    assert len(texts) == 4


def test_what_a_cut_would_leave_of_a_number_goes_too(folder: Path) -> None:
    for before in range(MAX_CHARS - 20, MAX_CHARS + LONGEST + 20):
        [turn] = content_of(folder, "x " * (before // 2) + "4111 1111 1111 1111" + " y" * 400)[
            "messages"
        ]
        assert "4111" not in turn["text"]


def test_a_line_stays_below_what_a_segment_can_read(folder: Path) -> None:
    found = content_of(folder, "\U0001f600" * 10**6, {"choices": [{"text": "\U0001f600" * 10**6}]})
    assert len(json.dumps(found)) < 900_000


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": [[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]}],
        [{"role": "user", "content": "half of a pair \ud83d and \0"}],
        [None, 7, {"role": 9, "content": {"a": object()}}],
        {"messages": [{"role": "user", "content": "inside"}]},
        [{"role": "user", "parts": [{"inlineData": {"data": "SECRET"}}, {"text": "see"}]}],
        [{"type": "tool_use", "name": "f", "input": {"x": object()}}],
    ],
)
def test_whatever_the_form_it_is_text_or_left_out(folder: Path, messages: Any) -> None:
    found = json.dumps(content_of(folder, messages), ensure_ascii=False).encode()
    assert b"SECRET" not in found and b"\\u0000" not in found


@pytest.mark.parametrize(
    "kwargs",
    [
        {"litellm_params": {"no-log": True}},
        {"standard_callback_dynamic_params": {"turn_off_message_logging": "True"}},
        {"litellm_params": {"metadata": {"headers": {"litellm-enable-message-redaction": "1"}}}},
        {
            "litellm_params": {
                "proxy_server_request": {"headers": {"x-litellm-enable-message-redaction": "true"}}
            }
        },
    ],
)
def test_each_way_of_litellm_to_keep_messages_private_is_known(kwargs: dict[str, Any]) -> None:
    assert is_private(kwargs)
    assert not is_private({"litellm_params": {"metadata": {"headers": {}}}})


def test_private_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    import litellm

    assert not is_private({})
    monkeypatch.setattr(litellm, "turn_off_message_logging", True)
    assert is_private({})
    monkeypatch.delitem(sys.modules, "litellm")
    assert not is_private({})
