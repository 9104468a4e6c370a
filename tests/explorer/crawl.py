"""Every page of a running site, found by its links."""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

_PAGES = 60
_OF_A_KIND = 2
"""Pages that differ by the name of what they show only: so many are looked at."""
_NAME = re.compile(r"(?<=/)[^/]*(\d|\*|%)[^/]*")


def kind_of(path: str) -> str:
    """What a page is of: its address without names and without what is asked."""
    return _NAME.sub("…", urlsplit(path).path) + "?" * ("?" in path)


def pages_of(address: str) -> Iterator[str]:
    """Addresses of pages, breadth first from the home page; of those of a kind the first few.

    Raises:
        AssertionError: A link leads nowhere.
    """
    found, kinds, waiting = set[str](), Counter[str](), ["/"]
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        while waiting and len(found) < _PAGES:
            path = waiting.pop(0)
            kind = kind_of(path)
            if path in found or kinds[kind] >= _OF_A_KIND:
                continue
            answer = client.get(path)
            if answer.status_code != 200:
                raise AssertionError(f"{path}: {answer.status_code}")
            if not answer.headers["content-type"].startswith("text/html"):
                continue
            kinds[kind] += 1
            found.add(path)
            yield path
            links = [
                link.replace("&amp;", "&").partition("#")[0] for link in re.findall(r'href="(/[^"]*)"', answer.text)
            ]
            waiting += [link for link in links if link and not link.startswith(("/static/", "/pages/"))]
