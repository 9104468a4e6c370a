"""The page over the lake in a real browser: every page, two widths, light and dark; and a film that is liked there."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from jobs.settings import Settings
from tests.explorer.crawl import pages_of
from tests.trials.browser import chromium, faults_of, needs_browser, opened
from tests.trials.processes import Processes, environment_of, free_port
from tests.trials.sample_nights import FANS, REELHOUSE, reelhouse

ROOT, BIN = Path(__file__).parents[2], Path(sys.executable).parent


@dataclass(frozen=True)
class Served:
    """A home and the page over it."""

    home: Path
    address: str


@pytest.fixture(scope="module")
def served(
    two_nights: tuple[Settings, list[str]], tmp_path_factory: pytest.TempPathFactory, processes: Processes
) -> Served:
    """A copy of a small world after two nights, and its page."""
    home, port = tmp_path_factory.mktemp("served") / "home", free_port()
    shutil.copytree(two_nights[0].root, home)
    environment = environment_of(ROOT, BIN) | {"REELHOUSE_HOME": str(home)}
    processes.start("explorer", [REELHOUSE, "explore", "--port", str(port)], environment)
    address = f"http://127.0.0.1:{port}"
    processes.wait_until("the page answers", lambda: _answers(address), 60)
    return Served(home, address)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1600, "dark")])
def test_every_page_is_whole_and_readable_and_asks_nobody_else(
    served: Served, browser: Browser, width: int, scheme: str
) -> None:
    pages = list(pages_of(served.address))
    faults = list[str]()

    with opened(browser, served.address, width, "dark" if scheme == "dark" else "light") as (page, seen):
        for path in pages:
            page.goto(path)
            faults += faults_of(page)

    assert len(pages) >= 2
    assert faults == []
    assert (seen.complaints, seen.asked) == ([], [])


@needs_browser
def test_a_page_is_used_by_keyboard_alone(served: Served, browser: Browser) -> None:
    with opened(browser, served.address) as (page, _):
        page.goto("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_what_the_interface_for_programs_promises_is_so(served: Served, tmp_path: Path) -> None:
    asked = ["run", f"{served.address}/api/openapi.json", "--seed", "1", "--max-examples", "60", "--no-color"]

    done = subprocess.run(
        [str(BIN / "schemathesis"), *asked], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stdout[-4000:]
    assert "0 generated" not in done.stdout


def said_of(home: Path) -> list[dict[str, str]]:
    """What was recorded by the page, whatever the day."""
    files = sorted((home / "landing" / "interactions").glob("*/feedback.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


@needs_browser
def test_a_film_that_is_liked_in_the_page_is_answered_by_the_next_night(served: Served, browser: Browser) -> None:
    viewer, before = next(iter(FANS)), len(said_of(served.home))
    with opened(browser, served.address) as (page, seen):
        page.goto(f"/viewers/{viewer}")
        first = page.locator(".listed li").first
        title, film = (
            first.get_by_role("link").first.inner_text(),
            first.get_by_role("link").first.get_attribute("href"),
        )
        like = f"Like {title}"
        with opened(browser, served.address) as (other, _):
            other.goto(f"/viewers/{viewer}")  # a second tab, whose form says another thing later

            first.get_by_role("button", name=like, exact=True).click()
            assert "Recorded for the night of" in page.locator("#said").inner_text()
            assert title in page.locator("section:has(#waiting)").inner_text()

            page.go_back()
            page.locator(".listed li").first.get_by_role("button", name=like, exact=True).click()
            assert "was recorded before, and counts once" in page.locator("#said").inner_text()
            page.reload()  # what is shown after a form is a page of its own: nothing is sent again

            other.locator(".listed li").nth(1).get_by_role("button", name=re.compile("^Dismiss")).click()
            assert "Recorded for the night of" in other.locator("#said").inner_text()
        said = [(one["user_id"], one["event_type"]) for one in said_of(served.home)[before:]]
        assert said == [(viewer, "like"), (viewer, "dismiss")]

        reelhouse(served.home, "night", "--sample")
        page.goto(f"/viewers/{viewer}")

        listed = page.locator("#list").locator("xpath=..")
        assert page.locator(f'.listed h3 a[href="{film}"]').count() == 0, "what is known is not recommended"
        assert title in "".join(listed.locator(".because").all_inner_texts()), (
            "what is recommended says what it comes of"
        )
        assert seen.complaints == []


@needs_browser
def test_a_form_of_an_older_night_is_refused_on_a_page_that_says_why(served: Served, browser: Browser) -> None:
    with opened(browser, served.address) as (page, _):
        page.goto("/viewers/u000001")
        page.evaluate("document.querySelector('.listed input[name=day]').value = '2025-01-01'")
        before = len(said_of(served.home))

        page.locator(".listed li").first.get_by_role("button", name=re.compile("^Like")).click()

        assert page.locator("h1").inner_text() == "Nothing was recorded"
        assert "open the page anew" in page.locator("main").inner_text()
        assert len(said_of(served.home)) == before


@needs_browser
def test_hostile_text_in_an_address_is_shown_and_does_nothing(served: Served, browser: Browser) -> None:
    with opened(browser, served.address) as (page, seen):
        for path in (
            "/titles?q=<script>alert(1)</script>",
            "/viewers?q=<img src=x onerror=alert(1)>",
            "/viewers/<b>x</b>",
        ):
            page.goto(path)
            assert page.locator("script, main img[src=x], main h1 b").count() == 0
        assert (seen.complaints, seen.asked) == ([], [])
