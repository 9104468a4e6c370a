"""The page over the lake in a real browser: every page, two widths, light and dark; and a film that is liked there."""

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
from tests.trials.sample_nights import REELHOUSE

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
