"""docs/schema.md says what a table looks like, on every server that people have."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from footprint.database import migrate
from places import MakePlace, Place

DOCS = Path(__file__).parents[2] / "docs"


def describing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("describe_schema", DOCS / "describe_schema.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("version", "shape"), [("18", "plain"), ("15", "hosted")])
def test_the_page_is_what_a_database_has(version: str, shape: str, make_place: MakePlace) -> None:
    place: Place = make_place(version, shape)
    migrate(place.url)
    assert describing().render(place.url) == (DOCS / "schema.md").read_text(encoding="utf-8")
