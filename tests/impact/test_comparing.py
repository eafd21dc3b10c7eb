"""Two factor sets side by side, and activating one without touching what was stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from factor_sets import add_set
from footprint.cli import main
from footprint.config import get_settings
from footprint.impact.comparing import Row, compare, diff
from house import Database, event


@pytest.fixture
def operator(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("SUPABASE_DB_URL", database.url)
    get_settings.cache_clear()
    yield database
    get_settings.cache_clear()


def test_the_biggest_movers_come_first_whichever_way_they_moved() -> None:
    row = Row(1.0, 0.1, "exact", "open")
    before = {("a", name): row for name in ("up", "down", "same", "gone")}
    after = {
        ("a", "up"): Row(3.0, 0.1, "exact", "open"),
        ("a", "down"): Row(0.1, 0.1, "alias", "closed"),
        ("a", "same"): row,
        ("a", "new"): row,
    }
    found = compare(before, after)
    assert [(c.model, round(c.ratio, 3)) for c in found.changes] == [("down", 0.1), ("up", 3)]
    assert (found.added, found.removed) == ((("a", "new"),), (("a", "gone"),))


def test_sets_of_the_database_are_compared_by_model_and_place(database: Database) -> None:
    add_set(database, "2099.01", 2, but="gpt-4o")
    found = diff(database.url, "2026.11", "2099.01")
    assert ("openai", "gpt-4o") in found.removed and not found.added
    assert all(change.ratio == pytest.approx(2) for change in found.changes)
    assert found.places == ()
    database.execute("insert into public.grid_factors values ('2099.01', 'ATL', 1, 1, 'test')")
    assert diff(database.url, "2026.11", "2099.01").places == ("zone ATL",)
    assert diff(database.url, "2026.11", "2026.11").is_empty


def test_activating_says_what_stands_elsewhere_and_changes_none_of_it(
    operator: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.store(event(), event())
    add_set(operator, "2099.01", 2)
    before = operator.rows("select energy_kwh, factor_set from public.request_logs")
    assert main(["factors", "activate", "2099.01"]) == 0
    shown = capsys.readouterr().out
    assert "2 earlier requests stand on 2026.11 and keep their figures" in shown
    assert "footprint restate" in shown
    assert operator.rows("select energy_kwh, factor_set from public.request_logs") == before
    operator.store(event())
    sets = operator.rows("select factor_set from public.request_logs order by 1")
    assert sets == [("2026.11",), ("2026.11",), ("2099.01",)]
    assert operator.rows("select action, target from public.audit_log") == [
        ("factor_set.activate", "2099.01")
    ]


def test_the_command_shows_a_difference(
    operator: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    add_set(operator, "2099.01", 2, but="gpt-4o")
    assert main(["factors", "diff", "2026.11", "2099.01"]) == 0
    shown = capsys.readouterr().out
    assert "factors changed" in shown and "×2 " in shown and "- openai/gpt-4o" in shown
    assert main(["factors", "diff", "2026.11", "2026.11"]) == 0
    assert "say the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["diff", "2026.11", "1999.01"], ["activate", "1999.01"], ["activate", "nonsense"]]
)
def test_a_set_that_is_not_there_is_named_in_a_sentence(
    operator: Database, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["factors", *arguments]) == 2
    shown = capsys.readouterr().err
    assert f"There is no factor set {arguments[-1]}" in shown and shown.count("\n") == 1
