"""How long a fetch waits for a server, and how often it asks again."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

# Too slow, too many requests; servers' own failures (5xx) are added below.
TEMPORARY_STATUSES = frozenset({408, 425, 429})


class InterruptedFetchError(Exception):
    """An attempt failed in a way that another attempt may mend.

    Its text says what happened, and never holds a URL: URLs can hold keys.
    """

    def __init__(self, what_happened: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(what_happened)
        self.retry_after_seconds = retry_after_seconds


class RefusedFetchError(Exception):
    """An attempt failed in a way that no other attempt will mend; its text says what happened, without a URL."""

    def __init__(self, what_happened: str, status: int | None = None) -> None:
        super().__init__(what_happened)
        self.status = status


@dataclass(frozen=True)
class Patience:
    """Waits and numbers of attempts of one fetch.

    Attributes:
        attempts: Attempts in a row that bring nothing new before the fetch is given up.
        first_wait_seconds: Wait before the second attempt; it doubles with each further one.
        jitter_seconds: Random addition to each wait, so that many clients do not come back at once.
        longest_wait_seconds: Bound of one wait, also of a wait that the server asks for (Retry-After).
        connect_timeout_seconds: Longest wait for a connection.
        stall_timeout_seconds: Longest silence of a server that is connected.
    """

    attempts: int = 6
    first_wait_seconds: float = 1.0
    jitter_seconds: float = 1.0
    longest_wait_seconds: float = 120.0
    connect_timeout_seconds: float = 15.0
    stall_timeout_seconds: float = 60.0

    @property
    def timeout(self) -> httpx.Timeout:
        """The time-outs as httpx takes them."""
        return httpx.Timeout(self.stall_timeout_seconds, connect=self.connect_timeout_seconds)

    def retrying(self) -> Retrying:
        """Repeat with exponential back-off and jitter; the last ``InterruptedFetchError`` is raised as it is."""
        return Retrying(
            retry=retry_if_exception_type(InterruptedFetchError),
            stop=stop_after_attempt(self.attempts),
            wait=self._wait_seconds,
            reraise=True,
        )

    def _wait_seconds(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, InterruptedFetchError) and failure.retry_after_seconds is not None:
            return min(failure.retry_after_seconds, self.longest_wait_seconds)
        first, longest = self.first_wait_seconds, self.longest_wait_seconds
        return wait_exponential_jitter(multiplier=first, max=longest, jitter=self.jitter_seconds)(state)


PATIENCE = Patience()


def check_status(response: httpx.Response) -> None:
    """Raise what an unsuccessful answer means for the fetch.

    Raises:
        InterruptedFetchError: The server may answer better later (429, 5xx).
        RefusedFetchError: It will not (403, 404, …).
    """
    status = response.status_code
    if response.is_success:
        return
    if status in TEMPORARY_STATUSES or response.is_server_error:
        raise InterruptedFetchError(f"the server answered {status}", _retry_after_seconds(response))
    raise RefusedFetchError(f"the server answered {status}", status)


def failure_of(error: httpx.HTTPError | httpx.InvalidURL) -> InterruptedFetchError | RefusedFetchError:
    """Say what an httpx error means for the fetch, in words without a URL."""
    match error:
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return RefusedFetchError("the address is not an http(s) URL")
        case httpx.TooManyRedirects():
            return RefusedFetchError("the server redirects in circles")
        case httpx.ConnectTimeout():
            return InterruptedFetchError("no connection in time")
        case httpx.TimeoutException():
            return InterruptedFetchError("the server went silent")
        case httpx.ConnectError() | httpx.ProxyError():
            return InterruptedFetchError(f"no connection ({error})")
        case _:
            return InterruptedFetchError("the connection was cut")


def public_url(url: str) -> str:
    """Return the URL without what may be secret in it: user, password and query."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return "an address that is not a URL"
    return str(parts.copy_with(username=None, password=None, query=None, fragment=None))


def _retry_after_seconds(response: httpx.Response) -> float | None:
    """Seconds to wait by the answer's Retry-After, a number or an HTTP date; None if it gives neither."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        # A date is measured from the server's own clock, which ours need not agree with.
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return max(wait.total_seconds(), 0.0)
