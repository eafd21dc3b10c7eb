"""The repository itself: what must never be committed, and what must always be."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from footprint.shell.places import PLACES

ROOT = Path(__file__).parents[2]
SECRETS = re.compile(
    r"sb_secret_[A-Za-z0-9_-]{16,}|fpk_[A-Za-z0-9_-]{40,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bsk-[A-Za-z0-9]{32,}"
)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("This is not a git checkout, so there is nothing to look through.")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_holds_anything_that_looks_like_a_secret() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {m[0][:12]}…" for m in SECRETS.finditer(text)]
    assert found == []


def test_the_scan_for_secrets_can_find_one() -> None:
    assert SECRETS.search("key = sb_" + "secret_" + "a1B2c3D4e5F6g7H8i9")
    assert SECRETS.search("eyJhbGciOiJIUzI1NiIsInR5cCI6." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0abc.x")


@pytest.mark.parametrize("name", ["requirements.lock", "lib/footprint/local/package-lock.json"])
def test_lock_files_hold_hashes_and_no_download_addresses(name: str) -> None:
    text = (ROOT / name).read_text()
    assert '"resolved"' not in text
    if name.endswith(".lock"):
        assert "://" not in text
        pinned = re.findall(r"^[a-z0-9][^\s=]*==", text, re.M)
        assert len(pinned) > 50
        assert len(re.findall(r"^[a-z0-9].*\\\n    --hash=sha256:", text, re.M)) == len(pinned)
    else:
        packages = text.count('"version":') - 1
        assert text.count('"integrity": "sha512-') >= packages - 1


def test_the_packages_own_folder_is_not_ignored() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "lib/footprint/cli.py", "lib/footprint/new_module.py"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert ignored.returncode in (1, 128)  # 1: not ignored, 128: no git checkout


def test_the_base_install_pulls_no_dashboard_and_no_litellm() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=\[ ]", d)[0] for d in project["dependencies"]}
    assert names == {"httpx", "orjson", "python-dotenv"}


def test_the_base_of_the_package_imports_without_anything_but_its_dependencies() -> None:
    modules = (
        "footprint footprint.event footprint.impact footprint.config footprint.ingest.sender "
        "footprint.cli"
    )
    code = (
        "import sys\n"
        f"for name in {modules.split()!r}: __import__(name)\n"
        "heavy = {'streamlit', 'plotly', 'pandas', 'litellm', 'psycopg', 'supabase', 'ecologits'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_every_page_has_its_three_pictures_and_no_document_links_to_nothing() -> None:
    shown = (ROOT / "docs/screens.md").read_text(encoding="utf-8")
    for place in PLACES:
        name = "home" if place.is_home else Path(place.file).stem.replace("_", "-")
        for look in ("light", "dark", "phone"):
            assert f"(screenshots/{name}-{look}.png)" in shown
    missing = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in tracked()
        if path.suffix == ".md"
        for target in re.findall(r"\]\((?!https?:|#|mailto:|<)([^)#\s]+)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert missing == []
