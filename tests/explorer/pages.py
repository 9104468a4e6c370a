"""The site over a small lake, asked as a browser asks, without a browser."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from jobs.explorer.indexing import Indexing
from jobs.explorer.site import create
from jobs.settings import Settings
from tests.cli.small_lake import NIGHT, home

__all__ = ["client", "home"]

NOW = datetime(NIGHT.year, NIGHT.month, NIGHT.day + 1, 7, 0, tzinfo=UTC)
"""Seven in the morning after the night."""


def client_of(home: Path, **told: Any) -> TestClient:
    """A browser's requests to the site over a home, at seven in the morning."""
    site = create(Settings(home=home, **told), lambda: NOW)
    # However busy the machine is, whoever looks for words waits until they can be found.
    site.state.site = replace(site.state.site, indexing=Indexing(home / "explorer", waits=60.0, rests=0.0))
    return TestClient(site, base_url="http://127.0.0.1:8600")


@pytest.fixture
def client(home: Path) -> TestClient:
    return client_of(home)


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def text_of(page: httpx.Response) -> str:
    """What a reader of a page reads, blanks and breaks as one blank."""
    assert page.status_code == 200, page.text
    texts = _Texts()
    texts.feed(page.text)
    return re.sub(r"\s+", " ", " ".join(texts.found))
