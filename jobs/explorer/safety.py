"""What keeps the site safe: who may ask, from where forms may come, how much is read, and what a browser may load."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 16 << 10
"""Of a form: a viewer says one thing at a time."""
_LONGEST_ADDRESS = 4 << 10
_COOKIE = "reelhouse"
_A_MONTH = 30 * 24 * 3600
_OF_PAGES_MADE_ELSEWHERE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
"""Data Docs and the pages of nights bring their style with them, and no script."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_READS = {"GET", "HEAD"}


def policy(*images: str) -> str:
    """What a browser may load of a page: what is of this site, and images from further origins, if any are named."""
    images_from = " ".join(("'self'", *images))
    return (
        f"default-src 'none'; img-src {images_from}; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


_STRICT = policy()


class Safety:
    """Middleware around the whole site.

    Args:
        app: The site.
        token: What whoever asks has to know; None on loopback, where everybody on the machine may ask.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refused = self._refusal(request) or self._entrance(request)
        inner: Callable[..., Awaitable[None]] = refused or self._app
        await inner(scope, _bounded(receive), self._with_headers(scope, send))

    def _refusal(self, request: Request) -> Response | None:
        """Why a request is not answered, whoever asks."""
        if len(request.url.path) + len(request.url.query) > _LONGEST_ADDRESS:
            return PlainTextResponse("the address is too long", 414)
        if request.method in _READS:
            return None
        if not _is_of_this_site(request.headers):
            return PlainTextResponse("nothing was done: the form is of another site", 403)
        length = request.headers.get("content-length", "")
        if not length.isdecimal():
            return PlainTextResponse("nothing was done: the request does not say how long it is", 411)
        if int(length) > MOST_BYTES:
            return PlainTextResponse(f"nothing was done: a form has at most {MOST_BYTES:,} bytes", 413)
        return None

    def _entrance(self, request: Request) -> Response | None:
        """The way in, for whoever does not show the token."""
        if self._token is None or request.url.path == "/health":
            return None
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        if _is_same(shown, self._token) or _is_same(request.cookies.get(_COOKIE, ""), _cookie_of(self._token)):
            return None
        asked = parse_qs(request.url.query)
        if request.method == "GET" and _is_same(asked.pop("token", [""])[0], self._token):
            left = urlencode(asked, doseq=True)
            # The address is left without the token, so that it is in no history and no link.
            entered = RedirectResponse(request.url.path + (f"?{left}" if left else ""), 303)
            entered.set_cookie(_COOKIE, _cookie_of(self._token), max_age=_A_MONTH, httponly=True, samesite="strict")
            return entered
        return PlainTextResponse(
            "this site asks for its token: open it once as /?token=TOKEN, or send Authorization: Bearer TOKEN; "
            "whoever runs it has set it as REELHOUSE_EXPLORER_TOKEN",
            401,
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        policy = _OF_PAGES_MADE_ELSEWHERE if scope["path"].startswith("/pages/") else _STRICT

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**_HEADERS, "Content-Security-Policy": policy}.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        return told


def _is_of_this_site(headers: Headers) -> bool:
    """Whether a form comes from a page of this site, as its browser says; what no browser sends carries no form of a stranger."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site == "same-origin"
    if (origin := headers.get("origin")) is not None:
        return urlsplit(origin).netloc == headers.get("host")
    return headers.get("authorization") is not None or "cookie" not in headers


def _bounded(receive: Receive) -> Receive:
    """No more of a body than its header may say."""
    left = MOST_BYTES

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return bounded


def _cookie_of(token: str) -> str:
    """What a browser keeps in place of the token."""
    return hmac.new(token.encode(), b"reelhouse explorer", hashlib.sha256).hexdigest()


def _is_same(shown: str, known: str) -> bool:
    return hmac.compare_digest(shown.encode(), known.encode())
