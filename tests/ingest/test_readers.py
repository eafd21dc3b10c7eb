"""Lines and records: whatever a file holds, good rows come through and bad ones have a reason."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footprint.errors import InputError
from footprint.ingest.lines import LineFile
from footprint.ingest.readers import Record, RecordFile

Write = Callable[..., Path]


def read(path: Path, format: str | None = None) -> list[Record]:
    with LineFile(path) as lines:
        return list(RecordFile(lines, format))


def good(records: list[Record]) -> list[tuple[int, dict[str, Any]]]:
    return [(r.line, dict(r.values)) for r in records if r.values is not None]


def bad(records: list[Record]) -> list[tuple[int, str]]:
    return [(r.line, r.problem or "") for r in records if r.values is None]


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n3,4\n",
        b"a,b\r\n1,2\r\n3,4\r\n",
        b"\xef\xbb\xbfa,b\n1,2\n3,4",
        b"\n\na,b\n\n1,2\n\n\n3,4\n\n",
        b"a;b\n1;2\n3;4\n",
        b"a\tb\n1\t2\n3\t4\n",
        b'"a","b"\n"1","2"\n3,4\n',
        b"a,b\n1,2\n,\n3,4,,,\n",
    ],
)
@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_the_same_table_is_read_from_any_dialect(write: Write, content: bytes, name: str) -> None:
    records = read(write(name, content))
    assert [values for _, values in good(records)] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert bad(records) == []


def test_a_row_is_named_alike_whatever_its_line_ends_compression_and_what_follows(
    write: Write,
) -> None:
    plain = read(write("1.csv", b"a,b\n1,2\n3,4\n"))
    same = read(write("2.csv.gz", b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4"))
    longer = read(write("3.csv", b"a,b\n1,2\n3,4\n5,6\n"))
    assert [r.digest for r in plain] == [r.digest for r in same]
    assert [r.digest for r in plain] == [r.digest for r in longer][:2]


def test_equal_lines_of_a_file_have_different_names(write: Write) -> None:
    records = read(write("1.csv", b"a,b\n1,2\n1,2\n"))
    assert records[0].digest != records[1].digest


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1", "has 1 columns where the header has 2"),
        (b"1,2,3", "has 3 columns where the header has 2"),
        (b"1,\x002", "holds NUL bytes"),
        (b"1,\xff\xfe", "is not UTF-8 text"),
        (b'1,"2"x', "is no CSV: "),
        (b"1," + b"x" * 1_100_000, "is longer than 1 MiB"),
        (b'1,"never closed', "is no CSV: unexpected end of data"),
    ],
)
def test_a_bad_line_is_named_and_costs_no_other(write: Write, line: bytes, reason: str) -> None:
    content = b"a,b\n1,2\n" + line + b"\n" + b"3,4\n" * 150
    records = read(write("rows.csv", content))
    assert [(number, reason) for number, found in bad(records) if found.startswith(reason)] == [
        (3, reason)
    ]
    assert [number for number, _ in good(records)] == [2, *range(4, 154)]


def test_a_quoted_field_runs_over_lines(write: Write) -> None:
    records = read(write("rows.csv", 'a,b\n1,"two\n\nlines, ""quoted"""\n3,4\n'))
    assert good(records) == [
        (2, {"a": "1", "b": 'two\n\nlines, "quoted"'}),
        (5, {"a": "3", "b": "4"}),
    ]


def test_a_stray_quotation_mark_is_text(write: Write) -> None:
    records = read(write("rows.csv", 'a,b\n1,5" disk\n3,4\n5,6" disk\n'))
    assert [values["b"] for _, values in good(records)] == ['5" disk', "4", '6" disk']


def test_a_column_name_that_comes_twice_is_numbered(write: Write) -> None:
    assert good(read(write("rows.csv", "a,a\n1,2\n"))) == [(2, {"a": "1", "a (2)": "2"})]


def test_a_torn_gzip_gives_its_whole_lines_and_says_where_it_breaks_off(write: Write) -> None:
    rows = "\n".join(f"{n},{n * 7919 % 1000}" for n in range(20_000))
    path = write("rows.csv.gz", f"a,b\n{rows}\n")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    records = read(path)
    [(line, reason)] = bad(records)
    assert "breaks off" in reason
    kept = good(records)
    assert len(kept) > 1000
    assert kept == [(n + 2, {"a": str(n), "b": str(n * 7919 % 1000)}) for n in range(len(kept))]
    assert line == len(kept) + 2


def test_a_gzip_damaged_in_the_middle_never_gives_a_wrong_row(write: Write) -> None:
    rows = "\n".join(f"{n},{n * 7919 % 1000}" for n in range(20_000))
    path = write("rows.csv.gz", f"a,b\n{rows}\n")
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) - 4] ^= 0xFF  # In the checksum's neighbour: the length.
    path.write_bytes(bytes(damaged))
    records = read(path)
    assert len(good(records)) == 20_000
    assert "breaks off" in bad(records)[0][1]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n \r\n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"PAR1rest", "Parquet"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"\x00\x01\x02\n", "line 1 holds NUL bytes"),
        (b"\x1f\x8b\x08\x00", "breaks off"),
        (b"[]", "holds no requests"),
    ],
)
def test_a_file_that_is_no_table_is_one_sentence(write: Write, content: bytes, says: str) -> None:
    path = write("odd.csv", content)
    with pytest.raises(InputError, match=says) as raised:
        read(path)
    assert str(raised.value).endswith(".")
    assert "\n" not in str(raised.value)


def test_a_field_may_be_as_long_as_a_line_because_prompts_are(write: Write) -> None:
    records = read(write("rows.csv", f'a,b\n1,"{"x" * 900_000}"\n'))
    assert [len(row["b"]) for _, row in good(records)] == [900_000]


def test_a_folder_and_a_missing_file_are_one_sentence_each(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        LineFile(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        LineFile(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="name too long"):
        LineFile(tmp_path / ("x" * 300))


def test_json_objects_are_flattened_and_bad_ones_have_a_reason(write: Write) -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    lines = [
        '{"a": 1, "usage": {"n": {"m": 2}}, "l": [1], "cost": 0.1}',
        "not json",
        "[1, 2]",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 1} trailing',
        deep,
        '{"a": ' + "9" * 5000 + "}",
        '{"a": 2}',
    ]
    records = read(write("rows.jsonl", lines))
    assert [number for number, _ in bad(records)] == [2, 3, 4, 5, 6, 7, 8]
    assert [n for n, _ in good(records)] == [1, 9]
    first = good(records)[0][1]
    assert first["usage.n.m"] == 2
    assert str(first["cost"]) == "0.1"


def test_the_azure_trace_is_recognised_by_its_header(write: Write) -> None:
    header = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
    with LineFile(write("t.csv", header + "2023-11-16 18:15:46.6805900,374,44\r\n")) as lines:
        assert RecordFile(lines).format == "azure-trace"
    with pytest.raises(InputError, match="no Azure LLM inference trace"):
        read(write("u.csv", "a,b\n1,2\n"), "azure-trace")


cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=["Cs"]),
    max_size=20,
)
loose = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@loose
@given(rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=30))
def test_whatever_a_csv_writer_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[str, str, str]]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    path = tmp_path / "rows.csv"
    path.write_bytes(text.getvalue().encode())
    records = read(path)
    expected = [
        dict(zip("abc", row, strict=True)) for row in rows if any(row) and "".join(row).strip()
    ]
    assert [v for _, v in good(records) if "".join(v.values()).strip()] == expected
    assert bad(records) == []


@loose
@given(content=st.binary(max_size=2000), compressed=st.booleans())
def test_no_bytes_whatever_raise_anything_but_a_sentence(
    tmp_path: Path, content: bytes, compressed: bool
) -> None:
    path = tmp_path / "rows"
    for head in (b"", b"a,b\n", b'{"a": 1}\n'):
        body = head + content
        path.write_bytes(gzip.compress(body) if compressed else body)
        try:
            records = read(path)
        except InputError as error:
            assert "\n" not in str(error)
            continue
        lines = [record.line for record in records]
        assert lines == sorted(set(lines))
        assert all((r.values is None) == (r.problem is not None) for r in records)


@loose
@given(
    rows=st.lists(
        st.dictionaries(
            st.text(min_size=1, max_size=8),
            st.one_of(st.none(), st.integers(), st.text(), st.booleans()),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_whatever_json_writes_is_read_back(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert [values for _, values in good(read(path, "jsonl"))] == rows
