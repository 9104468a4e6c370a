"""Answers that are not sent again to whoever holds them."""

import hashlib
from collections.abc import Callable, Hashable

from starlette.requests import Request
from starlette.responses import Response


def unless_known(request: Request, key: Hashable, answer: Callable[[], Response]) -> Response:
    """An answer with its ``ETag``; an empty 304 to whoever sends that back as ``If-None-Match``.

    Args:
        request: What is asked.
        key: Names, of what is at this address, the versions that it is made of.
        answer: Makes it.
    """
    tag = f'"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, "*"}:
        return Response(status_code=304, headers={"ETag": tag})
    made = answer()
    made.headers["ETag"] = tag
    return made
