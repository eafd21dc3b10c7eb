"""Every way of signing in, in real browsers: real mail, a real provider, two people at a time."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from browsing import select, settle
from code_host import CLIENT_ID, CLIENT_SECRET, CodeHost, open_code_host
from footprint.local.accounts import create_account
from footprint.local.stack import LiteOptions, Stack
from house import Database
from postbox import Postbox, open_postbox
from web import PASSWORD, Web, email, free_port, running_app, web_over

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
NEW_PASSWORD = "a quite different password"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed here.")


@dataclass(frozen=True)
class Place:
    """The app at its address, whom it knows, and where the mail and the provider are."""

    address: str
    web: Web
    mail: Postbox
    provider: CodeHost

    def new_person(self) -> str:
        """Make an account for somebody new; return their e-mail address."""
        address = f"p{uuid.uuid4().hex[:8]}@example.net"
        create_account(self.web.server, address, PASSWORD, {"full_name": address.split("@")[0]})
        return address


@pytest.fixture(scope="module")
def place(stack: Stack, module_database: Database) -> Iterator[Place]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with open_postbox() as mail, open_code_host() as provider:
        github = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET, "url": provider.url}
        options = LiteOptions(
            confirm_email=True, app_url=address, smtp=mail.address, providers={"github": github}
        )
        with web_over(stack, module_database, options) as web:
            own = {
                "APP_URL": address,
                "FOOTPRINT_SIGN_UP": "yes",
                "FOOTPRINT_OAUTH_PROVIDERS": "github",
            }
            with running_app(web.environment | own, port):
                yield Place(address, web, mail, provider)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_browser(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Open a page in a browser of somebody's own: no cookie is shared with any other."""
    contexts: list[BrowserContext] = []

    def open_one() -> Page:
        context = browser.new_context(locale="en-GB")
        context.set_default_timeout(20_000)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


def expect_in(page: Page, name: str) -> None:
    """Expect somebody to be signed in, by their name in the sidebar."""
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text(name, exact=True)).to_be_visible(timeout=20_000)


def expect_out(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible(timeout=20_000)


def sign_in(page: Page, place: Place, address: str, password: str = PASSWORD) -> None:
    page.goto(place.address)
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def choose(page: Page, place: Place, way: str, button: str) -> None:
    """Go to one of the ways to sign in, which ends with ``button``."""
    page.goto(place.address)
    page.get_by_role("radio", name=way).click()
    page.get_by_role("button", name=button).wait_for()


def follow(page: Page, link: str) -> None:
    """Open a link from a mail and press its button."""
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()


def name_of(address: str) -> str:
    return address.split("@")[0]


def test_two_people_sign_in_by_e_mailed_codes_and_neither_takes_the_others(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    people = [place.new_person(), place.new_person()]
    pages = [new_browser(), new_browser()]
    for page, person in zip(pages, people, strict=True):
        choose(page, place, "E-mail code", "Send me a code")
        page.get_by_label("E-mail").fill(person)
        page.get_by_role("button", name="Send me a code").click()
        page.get_by_label("Code").wait_for()
    pages[0].get_by_label("Code").fill(place.mail.code_for(people[1]))
    pages[0].get_by_role("button", name="Sign in", exact=True).click()
    expect(pages[0].get_by_test_id("stAlert")).to_contain_text("wrong or too old")

    for page, person in zip(pages, people, strict=True):
        page.get_by_label("Code").fill(place.mail.code_for(person))
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect_in(page, name_of(person))


def test_a_magic_link_opens_where_it_is_followed_once(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    person = place.new_person()
    asking, phone, late = new_browser(), new_browser(), new_browser()
    choose(asking, place, "E-mail code", "Send me a code")
    asking.get_by_label("E-mail").fill(person)
    asking.get_by_role("button", name="Send me a code").click()
    link = place.mail.link_for(person)
    assert link.startswith(f"{place.address}/session/confirm?token_hash=")

    follow(phone, link)
    expect_in(phone, name_of(person))
    follow(late, link)
    expect(late.get_by_text("This link was used already")).to_be_visible()
    asking.reload()
    expect_out(asking)


def test_an_account_is_made_confirmed_by_mail_and_nobody_else_gets_in_meanwhile(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    address = f"new{uuid.uuid4().hex[:8]}@example.net"
    page, thief = new_browser(), new_browser()
    choose(page, place, "New account", "Create account")
    page.get_by_label("Name").fill("Newcomer")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("Check your e-mail")).to_be_visible()
    sign_in(thief, place, address, NEW_PASSWORD)
    expect(thief.get_by_test_id("stAlert")).to_contain_text("do not match")

    follow(page, place.mail.link_for(address))
    expect_in(page, "Newcomer")
    sign_in(thief, place, address, NEW_PASSWORD)
    expect_in(thief, "Newcomer")  # the right password, now that the address is confirmed


def test_a_forgotten_password_is_set_anew_by_a_link_and_the_old_one_is_dead(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    person = place.new_person()
    page, other = new_browser(), new_browser()
    page.goto(place.address)
    page.get_by_role("button", name="Forgot your password?").click()
    page.get_by_role("button", name="Send me a link").wait_for()
    for nobody_or_person in ("nobody-here@example.net", person):
        page.get_by_label("E-mail").fill(nobody_or_person)
        page.get_by_role("button", name="Send me a link").click()
        expect(page.get_by_text(f"If {nobody_or_person} has an account here")).to_be_visible()

    follow(page, place.mail.link_for(person))
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your new password is set.")).to_be_visible()
    assert place.mail.count("nobody-here@example.net") == 0
    sign_in(other, place, person, PASSWORD)
    expect(other.get_by_test_id("stAlert")).to_contain_text("do not match")
    sign_in(other, place, person, NEW_PASSWORD)
    expect_in(other, name_of(person))


def test_signing_out_everywhere_reaches_another_browser_and_nobody_else(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    person = place.new_person()
    here, there, someone_else = new_browser(), new_browser(), new_browser()
    for page in (here, there):
        sign_in(page, place, person)
        expect_in(page, name_of(person))
    sign_in(someone_else, place, email("bob"))
    expect_in(someone_else, "Bob")

    here.goto(f"{place.address}/account")
    here.get_by_role("button", name="Sign out everywhere").click()
    expect_out(here)
    there.reload()
    expect_out(there)
    someone_else.reload()
    expect_in(someone_else, "Bob")


def leave_for(page: Page, place: Place, login: str) -> None:
    """Go to the provider and approve there as ``login``."""
    page.goto(f"{place.address}/account")
    page.get_by_role("link", name="Continue with GitHub").click()
    page.get_by_label("Login").fill(login)
    page.get_by_role("button", name="Authorise").click()


def test_two_people_sign_in_with_a_provider_and_come_back_to_the_page_they_wanted(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    for login in ("octavia", "oscar"):
        place.provider.has(login)
        page = new_browser()
        leave_for(page, place, login)
        expect_in(page, login.title())
        assert urlsplit(page.url).path == "/account"
        expect(page.get_by_text(f"{login}@example.net", exact=True)).to_be_visible()


def test_a_provider_links_an_existing_person_by_a_verified_address_and_by_no_other(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    known = "select user_id from public.user_profiles where email = %s and auth_user_id is not null"
    for login, verified in (("vera", True), ("una", False)):
        place.web.database.execute(
            "insert into public.user_profiles (user_id, email, full_name) values (%s, %s, %s)",
            [f"google_{login}", place.provider.has(login, verified=verified), login.title()],
        )
    page, other = new_browser(), new_browser()
    leave_for(page, place, "vera")
    expect_in(page, "Vera")
    assert place.web.database.one(known, ["vera@example.net"]) == "google_vera"

    leave_for(other, place, "una")
    other.wait_for_load_state("networkidle")
    other.goto(place.address)
    expect_out(other)
    assert place.web.database.one(known, ["una@example.net"]) is None


def test_a_providers_answer_is_good_once_in_the_browser_that_asked_with_its_own_state(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    place.provider.has("olga")
    page, thief = new_browser(), new_browser()
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    leave_for(page, place, "olga")
    expect_in(page, "Olga")
    back = next(url for url in seen if "/session/callback?" in url)
    to_auth = next(url for url in seen if "/auth/v1/callback?" in url)

    for again in (page, thief):
        again.goto(back)
        expect(again.get_by_role("heading")).to_have_text("That sign-in was not finished")
    state = parse_qs(urlsplit(to_auth).query)["state"][0]
    for forged in (to_auth, to_auth.replace(state, "forged")):
        thief.goto(forged)
        thief.goto(place.address)
        expect_out(thief)


def test_cancelling_at_the_provider_is_said_in_a_sentence(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    page = new_browser()
    page.goto(place.address)
    page.get_by_role("link", name="Continue with GitHub").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading")).to_have_text("That sign-in was not finished")
    page.get_by_role("link", name="Back to Footprint").click()
    expect_out(page)


def test_an_invited_person_joins_with_their_role_and_a_stranger_stays_outside(
    place: Place, new_browser: Callable[[], Page]
) -> None:
    invited, stranger = (f"{name}{uuid.uuid4().hex[:8]}@example.net" for name in ("inv", "str"))
    join = "update public.settings set value = %s where key = 'who_may_join'"
    place.web.database.execute(join, ['"invited"'])
    admin, page, other = new_browser(), new_browser(), new_browser()
    sign_in(admin, place, email("ada"))
    expect_in(admin, "Ada")
    admin.goto(f"{place.address}/people")
    settle(admin)
    admin.get_by_text("Invite somebody").click()
    admin.get_by_label("Their e-mail").fill(invited)
    select(admin, "Their role", "Finance")
    admin.get_by_role("button", name="Send the invitation").click()
    expect(admin.get_by_text(f"{invited} is invited")).to_be_visible(timeout=20_000)

    follow(page, place.mail.link_for(invited))
    expect(page.get_by_label("New password")).to_be_visible(timeout=20_000)
    assert urlsplit(page.url).path == "/account"
    page.goto(f"{place.address}/finance")
    expect(page.get_by_role("heading", name="Finance")).to_be_visible(timeout=20_000)

    choose(other, place, "New account", "Create account")
    other.get_by_label("Name").fill("Stranger")
    other.get_by_label("E-mail").fill(stranger)
    other.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    other.get_by_role("button", name="Create account").click()
    follow(other, place.mail.link_for(stranger))
    expect(other.get_by_text("has no profile in this organisation yet")).to_be_visible(
        timeout=20_000
    )
    place.web.database.execute(join, ['"anyone"'])
    other.get_by_role("button", name="Check again").click()
    expect_in(other, "Stranger")
