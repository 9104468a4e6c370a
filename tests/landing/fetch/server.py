"""A real HTTP server on the loopback address that answers as it is told, also badly."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from jobs.landing.fetch.patience import Patience

# Waits of a test.
QUICK = Patience(
    attempts=4, first_wait_seconds=0.01, jitter_seconds=0.01, longest_wait_seconds=0.5, stall_timeout_seconds=0.3
)


@dataclass
class Answer:
    """One answer: a status, a body, and what goes wrong while it is sent."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    declared_bytes: int | None = None  # what Content-Length says, if not the truth
    cut_after: int | None = None  # close the connection after so many bytes
    stall_after: int | None = None  # go silent after so many bytes
    ignores_range: bool = False
    ignores_if_range: bool = False
    chunked: bool = False  # declare no length at all
    is_silent: bool = False  # take the request and answer nothing


@dataclass
class Request:
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""


class Server:
    """Answers by path; of several answers to a path each is given once, and the last for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[Request] = []
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            def do_POST(self) -> None:
                outer.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
                """Keep the test's output quiet."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def give(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.url + path

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def answer(self, handler: BaseHTTPRequestHandler, sent: bytes = b"") -> None:
        parts = urlsplit(handler.path)
        self.requests.append(Request(parts.path, parts.query, {k.lower(): v for k, v in handler.headers.items()}, sent))
        waiting = self.answers.get(parts.path, [Answer(status=404)])
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if answer.is_silent:
            self.closing.wait(5)
            handler.close_connection = True
            return
        body, status, headers = _part_asked_for(answer, handler)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Connection", "close")
        if not answer.chunked:
            handler.send_header(
                "Content-Length", str(len(body) if answer.declared_bytes is None else answer.declared_bytes)
            )
        handler.end_headers()
        handler.close_connection = True
        stop = answer.cut_after if answer.cut_after is not None else answer.stall_after
        handler.wfile.write(body if stop is None else body[:stop])
        handler.wfile.flush()
        if answer.stall_after is not None:
            self.closing.wait(5)


def _part_asked_for(answer: Answer, handler: BaseHTTPRequestHandler) -> tuple[bytes, int, dict[str, str]]:
    asked = handler.headers.get("Range", "")
    condition = handler.headers.get("If-Range")
    holds = answer.ignores_if_range or condition in (answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
    if answer.status != 200 or answer.ignores_range or not asked or not holds:
        return answer.body, answer.status, answer.headers
    start, total = int(asked.removeprefix("bytes=").removesuffix("-")), len(answer.body)
    if start >= total:
        return b"", 416, answer.headers | {"Content-Range": f"bytes */{total}"}
    return answer.body[start:], 206, answer.headers | {"Content-Range": f"bytes {start}-{total - 1}/{total}"}


@contextmanager
def running_server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join(5)


def free_url() -> str:
    """An address on which nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    url = f"http://127.0.0.1:{server.server_port}"
    server.server_close()
    return url


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
