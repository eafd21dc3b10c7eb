"""Files that were corrected, cut, sorted, overlap, or are for somebody else: nothing twice, nothing lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from footprint.ingest.checkpoint import Tally
from footprint.ingest.database import database_sender
from footprint.ingest.importers import ImportJob, import_file
from footprint.ingest.mapping import Instructions
from footprint.ingest.pricing import price_map
from footprint.ingest.row_identity import RowCounter
from house import Database

Write = Callable[..., Path]
HEAD = "timestamp,model,prompt_tokens,completion_tokens"
# Of each four rows two are equal, as with clocks that only know seconds.
ROWS = [
    f"2026-{n % 2 + 5:02}-{n % 28 + 1:02}T10:00:{n // 4 % 60:02}Z,gpt-4o,{n // 2},{n % 3 // 2}"
    for n in range(600)
]
EQUAL = ["2026-05-01T00:00:00Z,gpt-4o,5,5"] * 3


def take_in(path: Path, database: Database, tmp_path: Path, **constants: str) -> Tally:
    instructions = Instructions(constants={"provider": "openai", **constants})
    job = ImportJob(path, instructions, tmp_path / "rejects.csv", tmp_path / "data")
    with database_sender(database.url) as destination:
        return import_file(job, price_map(), destination)


def stored(database: Database) -> int:
    return int(database.one("select count(*) from public.request_logs"))


def test_a_file_is_taken_in_once_however_it_is_sorted_cut_or_corrected(
    database: Database, write: Write, tmp_path: Path
) -> None:
    rows = ROWS + EQUAL
    broken = [*rows[:10], "yesterday,gpt-4o,1,1", "2026-05-01,gpt-4o,-5,1", *rows[10:]]
    first = take_in(write("a.csv", [HEAD, *broken]), database, tmp_path)
    assert (first.inserted, first.duplicates, first.rejected) == (len(rows), 0, 2)
    # The rejected lines are corrected: they are new, and they alone.
    mended = [*rows[:10], "2026-05-03T01:00:00Z,gpt-4o,1,1", "2026-05-01,gpt-4o,6,1", *rows[10:]]
    second = take_in(write("b.csv", [HEAD, *mended]), database, tmp_path)
    assert (second.inserted, second.duplicates, second.rejected) == (2, len(rows), 0)
    # The first row is gone, the rest is sorted otherwise.
    shuffled = mended[1:]
    random.Random(7).shuffle(shuffled)
    third = take_in(write("c.csv", [HEAD, *shuffled]), database, tmp_path)
    assert (third.inserted, third.duplicates) == (0, len(mended) - 1)
    assert stored(database) == len(mended)


def test_two_exports_that_overlap_count_once(
    database: Database, write: Write, tmp_path: Path
) -> None:
    rows = sorted(ROWS + EQUAL)
    may = [row for row in rows if row.startswith("2026-05")]
    from_the_tenth = [row for row in rows if row >= "2026-05-10"]
    take_in(write("may.csv", [HEAD, *may]), database, tmp_path)
    take_in(write("later.csv", [HEAD, *from_the_tenth]), database, tmp_path)
    assert stored(database) == len(rows)


def test_equal_rows_are_as_many_requests(database: Database, write: Write, tmp_path: Path) -> None:
    take_in(write("two.csv", [HEAD, *EQUAL[:2]]), database, tmp_path)
    tally = take_in(write("three.csv", [HEAD, *EQUAL]), database, tmp_path)
    assert (tally.inserted, tally.duplicates, stored(database)) == (1, 2, 3)


@pytest.mark.parametrize("constant", ["user_id", "team"])
def test_the_same_file_for_somebody_else_is_other_requests(
    database: Database, write: Write, tmp_path: Path, constant: str
) -> None:
    path = write("rows.csv", [HEAD, *ROWS])
    for owner in ("a", "b", "a"):
        tally = take_in(path, database, tmp_path, **{constant: owner})
    assert (tally.inserted, stored(database)) == (0, 2 * len(ROWS))


def test_the_same_rows_in_another_format_are_the_same_requests(
    database: Database, write: Write, tmp_path: Path
) -> None:
    take_in(write("rows.csv", [HEAD, *ROWS]), database, tmp_path)
    lines = []
    for row in ROWS:
        at, model, asked, answered = row.split(",")
        lines.append(
            f'{{"usage": {{"prompt_tokens": {asked}, "completion_tokens": {answered}}}, "model": "{model}", "timestamp": "{at.replace("Z", "+00:00")}"}}'
        )
    tally = take_in(write("rows.jsonl", lines), database, tmp_path)
    assert (tally.inserted, tally.duplicates) == (0, len(ROWS))


def test_an_interrupted_import_goes_on_counting_equal_rows(
    database: Database, write: Write, tmp_path: Path
) -> None:
    path = write("rows.csv", [HEAD, *EQUAL, *ROWS, *EQUAL])

    class Gone(Exception):
        """The database went away."""

    instructions = Instructions(constants={"provider": "openai"})
    job = ImportJob(path, instructions, tmp_path / "rejects.csv", tmp_path / "data")
    with database_sender(database.url) as destination:
        store, calls = destination.store, iter([True, False])

        class Once:
            name = destination.name
            abandon = staticmethod(destination.abandon)

            @staticmethod
            def store(events):  # type: ignore[no-untyped-def]
                if not next(calls, False):
                    raise Gone
                return store(events)

        with pytest.raises(Gone):
            import_file(job, price_map(), Once())
    assert 0 < stored(database) < len(ROWS)
    take_in(path, database, tmp_path)
    assert stored(database) == len(ROWS) + 2 * len(EQUAL)


def test_rows_are_counted_in_little_memory() -> None:
    with closing(RowCounter()) as rows:
        names = {rows.identity({"n": n % 50_000}) for n in range(100_000)}
    assert len(names) == 100_000
