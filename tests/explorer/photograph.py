"""The picture of the page in the README: ``python -m tests.explorer.photograph`` over the home of the environment.

A page of the viewer with most likes, in Debian's Chromium.
"""

import sys
import threading
import time
from pathlib import Path

import uvicorn

from jobs.explorer.site import create
from jobs.settings import from_environment
from tests.trials.browser import chromium
from tests.trials.processes import free_port

PICTURE = Path(__file__).parents[2] / "docs" / "explorer.png"
_WIDTH, _HEIGHT = 1200, 760


def main() -> int:
    """Serve the home, and photograph a page of it."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create(from_environment()), port=port, log_level="warning"))
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        while not server.started:
            time.sleep(0.05)
        with chromium() as browser:
            page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
            page.goto(f"http://127.0.0.1:{port}/viewers")
            page.locator("main table a").first.click()
            page.screenshot(path=PICTURE)
    finally:
        server.should_exit = True
        serving.join()
    sys.stdout.write(f"{PICTURE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
