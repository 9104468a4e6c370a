"""Debian's Chromium, driven by Playwright: what a page asks for, says to its console, and lacks for who cannot see it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: install Debian's package chromium")
_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
"""It runs as root in a box without a network."""
_SHIFTS = """() => new Promise(told => {
  let sum = 0;
  new PerformanceObserver(list => list.getEntries().forEach(one => { sum += one.value; }))
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => told(sum), 100);
})"""
Scheme = Literal["light", "dark"]


@dataclass
class Seen:
    """What a page did beside being shown."""

    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of its console."""
    asked: list[str] = field(default_factory=list)
    """Addresses on other machines."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a past."""
    with sync_playwright() as programs:
        browser = programs.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, base: str, width: int = 1600, scheme: Scheme = "light") -> Iterator[tuple[Page, Seen]]:
    """A tab of a window of this width, and what its pages do."""
    context = browser.new_context(
        base_url=base, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page, seen, here = context.new_page(), Seen(), urlsplit(base).netloc

    def complains(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            seen.complaints.append(f"{page.url}: {message.text}")

    def asks(request: Request) -> None:
        if urlsplit(request.url).netloc not in {here, ""}:
            seen.asked.append(request.url)

    page.on("console", complains)
    page.on("pageerror", lambda error: seen.complaints.append(f"{page.url}: {error}"))
    page.on("request", asks)
    try:
        yield page, seen
    finally:
        context.close()


def faults_of(page: Page) -> list[str]:
    """What is wrong with the page that is shown: for who cannot see it, on a narrow screen, while it comes."""
    found = [
        f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:120]})"
        for one in Axe().run(page).response["violations"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        found.append(f"{wide} pixels wider than the screen")
    shift = page.evaluate(_SHIFTS)
    if shift > 0.01:
        found.append(f"moves while it comes: layout shift {shift:.3f}")
    page.evaluate("[...document.images].forEach(one => { one.loading = 'eager'; })")
    for _ in range(200):  # the page's own policy forbids Playwright to wait by a script of text
        if page.evaluate("[...document.images].every(one => one.complete)"):
            break
        page.wait_for_timeout(50)
    unseen = page.evaluate(
        "[...document.images].filter(one => one.offsetWidth && !one.naturalWidth).map(one => one.src)"
    )
    return [f"{page.url}: {one}" for one in (*found, *(f"no picture: {address}" for address in unseen))]
