"""Takes docs/screenshots/*.png anew from the demo: every page, light, dark, and on a phone.

``make screenshots``, or ``python docs/take_screenshots.py --data-dir DIR`` for a demo that runs in
that folder already. Needs Chromium (``CHROMIUM`` names it where it is not /usr/bin/chromium).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from supabase import create_client

SCREENSHOTS = Path(__file__).parent / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
# The reader of the pictures: whose numbers and dates they show.
LOCALE = "en-GB"
DESKTOP, PHONE = 1280, 390
QUIET = (
    "() => !document.querySelector('[data-testid=stStatusWidget], [data-stale=true],"
    " [data-testid=stSkeleton]')"
)


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at which address."""

    name: str
    role: str
    path: str


SHOTS = (
    Shot("home", "member", "/"),
    Shot("home-energy", "member", "/?measure=Energy&period=Last+12+months"),
    Shot("activity", "member", "/activity"),
    Shot("credit", "member", "/credit"),
    Shot("method", "member", "/method"),
    Shot("account", "member", "/account"),
    Shot("home-admin", "admin", "/"),
    Shot("organisation", "admin", "/organisation?measure=CO₂e"),
    Shot("organisation-year", "admin", "/organisation?period=Last+12+months"),
    Shot("people", "admin", "/people"),
    Shot("ingest-keys", "admin", "/ingest_keys"),
    Shot("model-mapping", "admin", "/model_mapping"),
    Shot("grid-zones", "admin", "/grid_zones"),
    Shot("data-quality", "admin", "/data_quality"),
    Shot("settings", "admin", "/settings"),
    Shot("audit-log", "admin", "/audit_log"),
    Shot("finance", "finance", "/finance"),
    Shot("ledger", "finance", "/ledger"),
    Shot("restoration", "finance", "/restoration"),
)


def main() -> int:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="the folder of a demo that runs already")
    options = parser.parse_args()
    if not Path(CHROMIUM).exists():
        print(f"{CHROMIUM} is not there: install Chromium or name it in CHROMIUM.", file=sys.stderr)
        return 2
    SCREENSHOTS.mkdir(exist_ok=True)
    with demo(options.data_dir) as (address, passwords), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for theme, width in (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE)):
            take(browser, address, passwords, theme, width)
        browser.close()
    return 0


@contextmanager
def demo(data_dir: Path | None) -> Iterator[tuple[str, dict[str, tuple[str, str]]]]:
    """Yield the address of a demo, and the e-mail and password of each role."""
    if data_dir is not None:
        port = json.loads((data_dir / "demo.lock").read_text(encoding="utf-8"))["port"]
        yield f"http://127.0.0.1:{port}", accounts(data_dir)
        return
    with tempfile.TemporaryDirectory(prefix="footprint-screenshots-") as folder:
        command = [sys.executable, "-m", "footprint.cli", "demo", "--port", "8533"]
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*command, "--data-dir", folder], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            if not any("Ctrl-C stops it" in line for line in process.stdout):
                raise SystemExit("The demo did not start: see what it said above.")
            arrange(Path(folder))
            yield "http://127.0.0.1:8533", accounts(Path(folder))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def arrange(data_dir: Path) -> None:
    """Use what a demo leaves unused, as its admin: prepaid credit, a budget and an ingest key."""
    stack = json.loads((data_dir / "stack.json").read_text(encoding="utf-8"))
    client = create_client(stack["api_url"], stack["publishable_key"])
    email, password = accounts(data_dir)["admin"]
    client.auth.sign_in_with_password({"email": email, "password": password})
    client.rpc("set_setting", {"p_key": "prepaid_mode", "p_value": "true"}).execute()
    month = f"{date.today():%Y-%m}-01"
    budget = {"p_scope": "organisation", "p_name": None, "p_month": month, "p_amount_eur": 30}
    client.rpc("set_budget", budget).execute()
    key_hash = hashlib.sha256(secrets.token_bytes()).hexdigest()
    client.rpc("add_ingest_key", {"p_key_sha256": key_hash, "p_label": "LiteLLM proxy"}).execute()
    with psycopg.connect(stack["database_url"]) as connection:
        people = connection.execute(
            "select user_id, sum(cost_eur) from public.usage_user_monthly where user_id <> ''"
            " group by user_id order by user_id"
        ).fetchall()
    for number, (user_id, used_eur) in enumerate(people):
        entry = {
            "p_user_id": user_id,
            "p_kind": "topup",
            "p_amount_eur": f"{math.ceil(used_eur) + 1 + number % 3}",
            "p_idempotency_key": f"first top-up {number}",
            "p_note": "First top-up",
        }
        client.rpc("record_transaction", entry).execute()


def accounts(data_dir: Path) -> dict[str, tuple[str, str]]:
    """Return e-mail and password by role, as the demo left them."""
    demo = json.loads((data_dir / "demo.json").read_text(encoding="utf-8"))
    return {entry["role"]: (entry["email"], entry["password"]) for entry in demo["accounts"]}


def take(
    browser: Browser, address: str, passwords: dict[str, tuple[str, str]], theme: str, width: int
) -> None:
    """Take the sign-in screen and every page in one theme and width."""
    suffix = "phone" if width == PHONE else theme
    for role in dict.fromkeys(shot.role for shot in SHOTS):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if theme == "dark" else "light",
            locale=LOCALE,
        )
        page = context.new_page()
        page.goto(address)
        settle(page)
        if role == SHOTS[0].role:
            save(page, f"sign-in-{suffix}")
        sign_in(page, *passwords[role])
        for shot in (shot for shot in SHOTS if shot.role == role):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(address + shot.path)
            settle(page)
            grow(page, width)
            save(page, f"{shot.name}-{suffix}")
        context.close()


def sign_in(page: Page, email: str, password: str) -> None:
    """Sign in by the form."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="My footprint").or_(
        page.get_by_role("heading", name="Home")
    ).first.wait_for()


def settle(page: Page) -> None:
    """Wait until nothing runs, nothing is stale, no skeleton is left and the charts are drawn."""
    page.get_by_role("heading", level=1).wait_for()
    for _ in range(2):  # What has arrived may load something of its own.
        page.wait_for_timeout(1000)
        page.wait_for_function(QUIET)
    page.wait_for_timeout(1000)


def grow(page: Page, width: int) -> None:
    """Make the window as tall as the page, which scrolls within the window otherwise."""
    height = page.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]');"
        " main.style.overflow = 'visible'; return main.scrollHeight; }"
    )
    page.set_viewport_size({"width": width, "height": min(max(height, 600), 12_000)})
    time.sleep(1)


def save(page: Page, name: str) -> None:
    """Save the window as a PNG of 256 colours, which nobody can tell from the original."""
    path = SCREENSHOTS / f"{name}.png"
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path} ({path.stat().st_size // 1024} kB)")


if __name__ == "__main__":
    sys.exit(main())
