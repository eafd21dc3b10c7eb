"""The web process holds no key that passes a policy, and asks for none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from web import ROOT

# Whoever answers a browser. The commands and the embedded stack are an operator's.
ROOMS = ("auth", "api", "shell", "data", "ui", "charts", "finance")
FILES = [
    *(path for room in ROOMS for path in (ROOT / "lib" / "footprint" / room).rglob("*.py")),
    *(ROOT / "pages").glob("*.py"),
    ROOT / "Home.py",
]


def names_in(path: Path) -> set[str]:
    """Return every name, attribute and imported module in a file; prose does not count."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_of_the_web_app_reaches_for_an_operators_key(path: Path) -> None:
    names = names_in(path)

    assert not names & {"secret_key", "service_role", "require_database", "database_url"}
    assert not names & {"psycopg", "footprint.database", "footprint.local.stack"}
    assert "environ" not in names, "only footprint.config reads the environment"
