"""Imports end to end: real files, a real database, real interruptions."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from footprint.commands.imports import summary
from footprint.errors import ConfigurationError, InputError, ServiceUnavailable
from footprint.ingest.checkpoint import Checkpoint, Position, Tally
from footprint.ingest.database import database_sender
from footprint.ingest.delivery import DeliveryReport, Rejection, read_report
from footprint.ingest.importers import ImportJob, import_file
from footprint.ingest.mapping import Instructions
from footprint.ingest.pricing import price_map
from footprint.ingest.rates import NO_PRICE
from footprint.local.stack import Server
from house import Database

Write = Callable[..., Path]
GPT = {"model": "gpt-4o", "provider": "openai"}
ROOT = Path(__file__).parents[2]


def job_of(path: Path, tmp_path: Path, **constants: str) -> ImportJob:
    instructions = Instructions(constants={**GPT, **constants})
    return ImportJob(path, instructions, tmp_path / "rejects.csv", tmp_path / "data")


def run(job: ImportJob, database: Database, told: list[str] | None = None) -> Tally:
    said = told if told is not None else []
    with database_sender(database.url) as destination:
        return import_file(job, price_map(), destination, tell=said.append)


def listed(job: ImportJob) -> list[list[str]]:
    with job.rejects.open(newline="") as file:
        return list(csv.reader(file))


def footprint(
    *arguments: str | Path, environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "footprint.cli", *map(str, arguments)],
        env={**os.environ, **environment},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def rows_csv(count: int) -> list[str]:
    head = "timestamp,model,prompt_tokens,completion_tokens,user"
    return [
        head,
        *(
            f"2026-10-{n % 28 + 1:02}T{n % 24:02}:00:00Z,gpt-4o,{n},{n % 7},u{n % 5}"
            for n in range(count)
        ),
    ]


def test_the_trace_arrives_whole_and_a_second_time_adds_nothing(
    database: Database, trace_csv: Path, tmp_path: Path
) -> None:
    job = job_of(trace_csv, tmp_path, user_id="u1", team="research")
    first = run(job, database)
    table = pd.read_csv(trace_csv)
    tokens = int(table["ContextTokens"].sum() + table["GeneratedTokens"].sum())
    cost = Decimal("0.0000025") * int(table["ContextTokens"].sum()) + Decimal("0.00001") * int(
        table["GeneratedTokens"].sum()
    )
    assert (first.requests, first.inserted, first.duplicates) == (19_366, 19_366, 0)
    assert (first.tokens, first.cost_usd, first.rejected) == (tokens, cost, 0)
    query = (
        "select count(*), sum(tokens_used), sum(cost_usd), count(distinct started_at), min(started_at)::text,"
        " count(*) filter (where user_profile_id = 'u1' and team = 'research' and price_source like 'litellm %%')"
        " from public.request_logs"
    )
    stored = database.rows(query.replace("%%", "%"))[0]
    distinct = table["TIMESTAMP"].str.slice(0, 26).nunique()
    assert stored[:4] == (19_366, tokens, cost, distinct)
    assert stored[5] == 19_366
    second = run(job, database)
    assert (second.inserted, second.duplicates) == (0, 19_366)
    assert (second.tokens, second.cost_usd) == (tokens, cost)
    assert database.rows(query.replace("%%", "%"))[0] == stored
    assert database.rollup_differences() == 0
    assert not job.rejects.exists()


def test_a_longer_version_of_a_file_adds_only_what_is_new(
    database: Database, write: Write, tmp_path: Path
) -> None:
    lines = rows_csv(900)
    run(job_of(write("june.csv", lines[:600]), tmp_path), database)
    tally = run(job_of(write("july.csv.gz", lines), tmp_path), database)
    assert (tally.inserted, tally.duplicates) == (301, 599)


def test_bad_lines_are_listed_and_stop_nothing(
    database: Database, write: Write, tmp_path: Path
) -> None:
    lines = rows_csv(1500)
    lines[3] = "yesterday,gpt-4o,1,1,u1"
    lines[1000] = "2026-10-01,gpt-4o,-1,1,u1"
    lines[1200] = "2026-10-01,gpt-4o,1"
    job = job_of(write("rows.csv", lines), tmp_path)
    tally = run(job, database)
    assert (tally.requests, tally.inserted, tally.rejected) == (1497, 1497, 3)
    assert listed(job) == [
        ["line", "reason"],
        ["4", "started_at is not an ISO 8601 time: yesterday"],
        ["1001", "prompt_tokens is negative: -1"],
        ["1201", "has 3 columns where the header has 5"],
    ]
    run(job, database)
    assert len(listed(job)) == 4


def test_an_unknown_model_is_stored_without_cost_and_named(
    database: Database, write: Write, tmp_path: Path
) -> None:
    lines = ["timestamp,model,prompt_tokens,completion_tokens", "2026-10-01,acme/titan-9,10,10"]
    tally = run(job_of(write("rows.csv", lines), tmp_path), database)
    assert (tally.priced, tally.cost_usd) == (0, Decimal(0))
    assert tally.unknown_models == {"openai/acme/titan-9"}
    query = "select cost_usd, price_source, cost_eur, energy_kwh, impact_reason from public.request_logs"
    assert database.rows(query) == [(None, NO_PRICE, None, None, "no_factor")]


def test_a_dry_run_stores_nothing_and_says_what_it_would(
    database: Database, write: Write, tmp_path: Path
) -> None:
    job = job_of(write("rows.csv", rows_csv(100)), tmp_path)
    tally = import_file(job, price_map(), None)
    assert (tally.requests, tally.inserted) == (100, 0)
    assert tally.tokens == sum(range(100)) + sum(n % 7 for n in range(100))
    assert database.one("select count(*) from public.request_logs") == 0


class Interrupting:
    """A destination that fails after some batches, in front of the real one."""

    def __init__(self, behind: Database, batches: int) -> None:
        self._behind = behind
        self._left = batches
        self.sent = 0
        self.name = "test"

    def store(self, events: Sequence[bytes]) -> DeliveryReport:
        if self._left == 0:
            raise ServiceUnavailable("The line is cut.")
        self._left -= 1
        self.sent += len(events)
        with database_sender(self._behind.url) as sender:
            return sender.store(events)

    def abandon(self) -> None:
        self._left = 0


def test_an_interrupted_import_goes_on_where_it_stopped_with_exact_figures(
    database: Database, write: Write, tmp_path: Path
) -> None:
    lines = rows_csv(3200)
    lines[10] = lines[700] = lines[2600] = "bad"
    job = job_of(write("rows.csv", lines), tmp_path)
    whole = import_file(job, price_map(), None)
    with pytest.raises(ServiceUnavailable):
        import_file(job, price_map(), Interrupting(database, 3))
    assert 1000 <= database.one("select count(*) from public.request_logs") <= 1500
    told: list[str] = []
    rest = Interrupting(database, 100)
    tally = import_file(job, price_map(), rest, tell=told.append)
    assert told[0].startswith("An earlier import stopped after line 1,")
    assert rest.sent < 2500  # The first thousand, but for one batch, was not sent again.
    assert (tally.requests, tally.rejected) == (3197, 3)
    assert (tally.tokens, tally.cost_usd) == (whole.tokens, whole.cost_usd)
    assert tally.inserted == database.one("select count(*) from public.request_logs") == 3197
    assert [row[0] for row in listed(job)] == ["line", "11", "701", "2601"]
    again = import_file(job, price_map(), Interrupting(database, 100), tell=told.append)
    assert (again.inserted, again.duplicates) == (0, 3197)
    assert len(told) == 1


def test_an_import_into_a_database_begun_anew_starts_from_the_beginning(
    database: Database, write: Write, tmp_path: Path
) -> None:
    job = job_of(write("rows.csv", rows_csv(3200)), tmp_path)
    with pytest.raises(ServiceUnavailable):
        import_file(job, price_map(), Interrupting(database, 4))
    database.execute("delete from public.request_logs")
    told: list[str] = []
    import_file(job, price_map(), Interrupting(database, 100), tell=told.append)
    assert "from the beginning" in told[-1]
    assert database.one("select count(*) from public.request_logs") == 3200


def test_a_file_that_changed_since_the_interruption_is_imported_from_the_beginning(
    database: Database, write: Write, tmp_path: Path
) -> None:
    lines = rows_csv(3200)
    job = job_of(write("rows.csv", lines), tmp_path)
    with pytest.raises(ServiceUnavailable):
        import_file(job, price_map(), Interrupting(database, 4))
    other = [lines[0], *(line.replace("gpt-4o", "gpt-4o-mini") for line in lines[1:])]
    write("rows.csv", other)
    told: list[str] = []
    tally = import_file(job, price_map(), Interrupting(database, 100), tell=told.append)
    assert "from the beginning" in told[-1]
    assert tally.inserted == 3200


def test_an_interruption_among_rejected_lines_only_goes_on_too(
    database: Database, write: Write, tmp_path: Path
) -> None:
    lines = [*rows_csv(600), *["bad"] * 2500, *rows_csv(1200)[1:]]
    job = job_of(write("rows.csv", lines), tmp_path)
    with pytest.raises(ServiceUnavailable):
        import_file(job, price_map(), Interrupting(database, 3))
    told: list[str] = []
    tally = import_file(job, price_map(), Interrupting(database, 100), tell=told.append)
    assert len(told) == 1
    assert (tally.requests, tally.rejected) == (1800, 2500)
    assert database.one("select count(*) from public.request_logs") == 1800
    assert len(listed(job)) == 2501


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"position": 5}', '{"position": {}, "tally": {}}']
)
def test_a_damaged_checkpoint_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    checkpoint = Checkpoint(tmp_path, "job")
    checkpoint.save(Position(5, "ab", 1), Tally(requests=3, unknown_models={"a"}))
    assert checkpoint.load() == (Position(5, "ab", 1), Tally(requests=3, unknown_models={"a"}))
    [path] = (tmp_path / "imports").iterdir()
    path.write_text(content)
    loaded = checkpoint.load()
    assert loaded is None or loaded == (Position(), Tally())


def test_a_file_of_ours_is_not_overwritten_by_the_list_of_rejected_lines(
    database: Database, write: Write, tmp_path: Path
) -> None:
    path = write("rows.csv", rows_csv(10))
    for rejects, says in (
        (path, "names the imported file"),
        (write("notes.csv", "mine\n"), "exists"),
    ):
        job = ImportJob(path, Instructions(constants=GPT), rejects, tmp_path)
        with pytest.raises(InputError, match=says):
            run(job, database)
        assert rejects.stat().st_size > 0
    job = ImportJob(
        write("bad.csv", [*rows_csv(1), "x"]), Instructions(), tmp_path / "no" / "r.csv", tmp_path
    )
    with pytest.raises(ConfigurationError, match="--rejects"):
        run(job, database)


def test_the_command_imports_through_the_api_with_a_key(
    database: Database, api: Server, write: Write, tmp_path: Path
) -> None:
    path = write("rows.csv", [*rows_csv(1200), "bad"])
    environment = {
        "SUPABASE_URL": api.api_url,
        "SUPABASE_PUBLISHABLE_KEY": api.publishable_key,
        "FOOTPRINT_INGEST_KEY": database.make_key(),
        "FOOTPRINT_DATA_DIR": str(tmp_path / "data"),
    }
    done = footprint("import", path, environment=environment, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1,200 requests read from" in done.stdout
    assert "1,200 stored, 0 were there already." in done.stdout
    assert "1 line was rejected: see rows.csv.rejects.csv." in done.stdout
    assert (tmp_path / "rows.csv.rejects.csv").read_text().splitlines()[1].startswith("1202,")
    again = footprint("import", path, environment=environment, folder=tmp_path)
    assert "0 stored, 1,200 were there already." in again.stdout
    assert database.one("select count(*) from public.request_logs") == 1200
    refused = footprint(
        "import",
        path,
        environment=environment | {"FOOTPRINT_INGEST_KEY": "fpk_no"},
        folder=tmp_path,
    )
    assert refused.returncode == 4
    assert refused.stderr.count("\n") == 1
    assert "footprint keys create" in refused.stderr


def own_ids(count: int, **corrected: int) -> list[str]:
    """Return lines with ids of their own; `corrected` says other output tokens for some."""
    return [
        json.dumps(
            {
                "event_id": str(uuid.UUID(int=n)),
                "timestamp": f"2026-10-{n % 28 + 1:02}T12:00:00Z",
                "model": "gpt-4o",
                "prompt_tokens": 100 + n,
                "completion_tokens": corrected.get(f"line_{n + 1}", 7),
                "user": "u1",
            }
        )
        for n in range(count)
    ]


STORED = "select * from public.request_logs order by event_id"
CHANGED_LINE = "says something else than the request stored under its id, which stays as it is"


def test_a_corrected_line_is_named_and_what_is_stored_stays(
    database: Database, write: Write, tmp_path: Path
) -> None:
    run(job_of(write("rows.jsonl", own_ids(1200)), tmp_path), database)
    stored = database.rows(STORED)
    job = job_of(write("rows.jsonl", own_ids(1203, line_801=8)), tmp_path)
    tally = run(job, database)
    assert (tally.inserted, tally.duplicates, tally.changed, tally.rejected) == (3, 1200, 1, 0)
    assert listed(job) == [["line", "reason"], ["801", CHANGED_LINE]]
    assert database.rows(STORED)[:1200] == stored
    said = summary(tally, job, dry_run=False)
    assert "3 stored, 1,199 were there already." in said
    assert (
        f"1 changed since they were stored: the stored ones stay as they are; see {job.rejects}."
        in said
    )
    assert "rejected" not in said


def test_two_lines_of_one_id_that_differ_are_one_request_and_a_changed_line(
    database: Database, write: Write, tmp_path: Path
) -> None:
    lines = own_ids(5)
    job = job_of(write("rows.jsonl", [*lines, *own_ids(5, line_2=900)]), tmp_path)
    tally = run(job, database)
    assert (tally.inserted, tally.duplicates, tally.changed) == (5, 5, 1)
    assert [row[0] for row in listed(job)] == ["line", "7"]


def test_changed_lines_are_counted_once_over_an_interruption(
    database: Database, write: Write, tmp_path: Path
) -> None:
    run(job_of(write("rows.jsonl", own_ids(2600)), tmp_path), database)
    lines = own_ids(2600, line_3=1, line_900=1, line_2400=1)
    lines[10] = "{"
    job = job_of(write("rows.jsonl", lines), tmp_path)
    with pytest.raises(ServiceUnavailable):
        import_file(job, price_map(), Interrupting(database, 3))
    tally = import_file(job, price_map(), Interrupting(database, 100))
    assert (tally.inserted, tally.duplicates, tally.changed) == (0, 2599, 3)
    assert [row[0] for row in listed(job)] == ["line", "3", "11", "900", "2400"]


def test_halves_of_a_batch_keep_the_places_of_their_events() -> None:
    halves = DeliveryReport(inserted=2, changed=(1,)) + DeliveryReport(
        duplicates=1, rejected=(Rejection("x", "bad", 0),), changed=(1,)
    ).after(3)
    assert halves.changed == (1, 4)
    assert halves.rejected[0].index == 3


def test_the_answer_of_an_older_database_says_nothing_of_changes() -> None:
    answer = {"inserted": 1, "duplicates": 2, "rejected": [], "unknown_models": []}
    assert read_report(answer).changed == ()
    assert read_report({**answer, "changed": [{"event_id": "x", "index": 4}]}).changed == (4,)


def test_a_checkpoint_of_an_earlier_release_goes_on(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "job")
    checkpoint.save(Position(5, "ab", 1), Tally(requests=3, changed=1, flags={"cut: tags": 2}))
    assert checkpoint.load() == (
        Position(5, "ab", 1),
        Tally(requests=3, changed=1, flags={"cut: tags": 2}),
    )
    [path] = (tmp_path / "imports").iterdir()
    content = json.loads(path.read_text())
    for name in ("changed", "flags"):
        del content["tally"][name]
    path.write_text(json.dumps(content))
    assert checkpoint.load() == (Position(5, "ab", 1), Tally(requests=3))


def test_flags_are_counted_and_said_in_words_and_their_kinds_are_bounded(tmp_path: Path) -> None:
    tally = Tally(requests=9)
    tally.count_flags({"cut: user_id": 2, "unread: magic_tokens": 1})
    tally.count_flags({"cut: user_id": 1})
    said = summary(tally, job_of(tmp_path / "rows.csv", tmp_path), dry_run=False)
    assert "3 requests: The id of its person was cut to 200 characters." in said
    assert "1 request: magic_tokens was reported, but is not understood." in said
    tally.count_flags({f"unread: field_{n}": 1 for n in range(200)})
    assert len(tally.flags) == 101
    assert sum(tally.flags.values()) == 204


@pytest.mark.parametrize("stored", [1, 4000, 9000])
def test_an_import_killed_at_any_moment_ends_with_exact_totals(
    database: Database, trace_csv: Path, tmp_path: Path, stored: int
) -> None:
    environment = {"SUPABASE_DB_URL": database.url, "FOOTPRINT_DATA_DIR": str(tmp_path / "data")}
    command = (
        "import",
        trace_csv,
        "--model",
        "gpt-4o",
        "--provider",
        "openai",
        "--via",
        "database",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "footprint.cli", *map(str, command)],
        env={**os.environ, **environment},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    count = "select count(*) from public.request_logs"
    deadline = time.monotonic() + 60
    while database.one(count) < stored and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    at_kill = database.one(count)
    assert stored <= at_kill < 19_366
    done = footprint(*command, environment=environment, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "19,366 requests read" in done.stdout
    # Killed within the first batch, it may not have noted yet how far it was.
    assert stored == 1 or "An earlier import stopped after line" in done.stderr
    table = pd.read_csv(trace_csv)
    tokens = int(table["ContextTokens"].sum() + table["GeneratedTokens"].sum())
    assert database.rows("select count(*), sum(tokens_used) from public.request_logs") == [
        (19_366, tokens)
    ]
    assert database.rollup_differences() == 0


def test_control_c_ends_an_import_in_one_sentence(
    database: Database, trace_csv: Path, tmp_path: Path
) -> None:
    environment = {"SUPABASE_DB_URL": database.url, "FOOTPRINT_DATA_DIR": str(tmp_path / "data")}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "footprint.cli", "import", str(trace_csv)),
            *("--model", "gpt-4o", "--via", "database"),
        ],
        env={**os.environ, **environment},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while database.one("select count(*) from public.request_logs") == 0:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (out, err) == ("", "footprint: stopped; what was finished is kept.\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("missing.csv",), "missing.csv does not exist"),
        ((".",), "is a folder"),
        (("empty.csv",), "empty.csv is empty"),
        (("rows.csv", "--map", "nonsense"), "--map wants FIELD=COLUMN"),
        (("rows.csv", "--map", "colour=a"), "no field 'colour'"),
        (("rows.csv", "--format", "azure-trace"), "no Azure LLM inference trace"),
        (("trace.csv",), "--model"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    write: Write, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    write("rows.csv", rows_csv(3))
    write("empty.csv", "")
    write("trace.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,1,2\n")
    done = footprint("import", *arguments, "--dry-run", environment={}, folder=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.startswith("footprint: ")
    assert done.stderr.count("\n") == 1


def test_without_any_setting_the_command_says_what_to_set(write: Write, tmp_path: Path) -> None:
    nothing = {"SUPABASE_URL": "", "SUPABASE_DB_URL": "", "FOOTPRINT_INGEST_KEY": ""}
    path = write("rows.csv", rows_csv(3))
    done = footprint("import", path, environment=nothing, folder=tmp_path)
    assert "SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY are not set" in done.stderr
    done = footprint("import", path, "--via", "database", environment=nothing, folder=tmp_path)
    assert "SUPABASE_DB_URL is not set" in done.stderr


def test_a_file_of_which_nothing_can_be_used_ends_with_exit_code_1(
    write: Write, tmp_path: Path
) -> None:
    path = write("rows.csv", [*rows_csv(0), "bad", "worse"])
    done = footprint("import", path, "--dry-run", environment={}, folder=tmp_path)
    assert done.returncode == 1
    assert "2 lines were rejected" in done.stdout
