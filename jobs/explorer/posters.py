"""Posters that the reader's browser loads from where the operator lets it; unless it may, every poster is drawn here."""

import re
from dataclasses import dataclass

from jobs.errors import JobError
from jobs.tables.silver import POSTER_PATH

NOTICE = "This product uses the TMDB API but is not endorsed or certified by TMDB."
"""TMDb's terms ask for these words where its pictures are shown."""
_ADDRESS = re.compile(
    r"(?P<origin>(?:https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http://(?:127\.0\.0\.1|localhost))(?::[0-9]{1,5})?)"
    r"(?:/[a-z0-9._~-]+)*/?",
    re.ASCII | re.IGNORECASE,
)
"""No blank, quote, comma or semicolon: the origin stands in a header, where these would begin something else."""
_PATH = re.compile(POSTER_PATH)


@dataclass(frozen=True)
class Posters:
    """Where posters may be loaded from."""

    address: str
    """What a poster's path is put behind."""
    origin: str
    """Scheme, host and port, as a browser is told them."""

    def of(self, path: str | None) -> str | None:
        """The address of a poster; None without a path, and for what is none, whatever table it comes from."""
        return f"{self.address}{path}" if path and _PATH.fullmatch(path) else None


def posters_at(address: str | None) -> Posters | None:
    """Posters at an address of the settings; None where browsers load none.

    Raises:
        JobError: It is no address that pages may name. The line does not repeat it, as it may hold a password.
    """
    if not address:
        return None
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise JobError(
            "the page was not served: REELHOUSE_EXPLORER_POSTERS is no address of posters: it has to be https://HOST/PATH, "
            "such as https://image.tmdb.org/t/p/w342, or http on 127.0.0.1, without a name, a password, a query or "
            "anything else; set it so, or unset it, and posters are drawn"
        )
    return Posters(address.rstrip("/"), found["origin"].lower())
