"""Answers that are not asked for again of the same tables, nor sent again to whoever holds them."""

import hashlib
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response

from jobs.lakehouse.views import Views
from jobs.version import code_hash

Found = TypeVar("Found")
_MOST_KEPT = 4_000
"""Answers about titles and viewers, of a few kB at most."""
_kept: WeakKeyDictionary[Views, dict[tuple[str, str], Any]] = WeakKeyDictionary()


def kept(views: Views, key: tuple[str, str], ask: Callable[[], Found]) -> Found:
    """An answer of these versions of the tables, asked for once."""
    answers = _kept.setdefault(views, {})
    if key not in answers:
        if len(answers) > _MOST_KEPT:
            answers.clear()
        answers[key] = ask()
    return cast("Found", answers[key])


def unless_known(request: Request, key: Hashable, answer: Callable[[], Response]) -> Response:
    """An answer with its ``ETag``; an empty 304 to whoever sends that back as ``If-None-Match``.

    Args:
        request: What is asked.
        key: Names, of what is at this address, the editions of tables that it is made of; the code counts by itself.
        answer: Makes it.
    """
    tag = f'"{hashlib.sha256(repr((code_hash(), key)).encode()).hexdigest()[:32]}"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Response(status_code=304, headers={"ETag": tag})
    made = answer()
    made.headers["ETag"] = tag
    return made
