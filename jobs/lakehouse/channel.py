"""The way to a Spark Connect server: PySpark's own, with the token in each call's metadata.

PySpark's sends a token only to ``localhost`` or through TLS; inside a cluster's own network there is neither. Where the
address ends with ``;use_ssl=true`` the token goes PySpark's way.
"""

from collections.abc import Iterable

from pyspark.sql.connect.client.core import DefaultChannelBuilder


class Channel(DefaultChannelBuilder):
    """Connects to an address such as ``sc://127.0.0.1:15002``.

    Args:
        address: The server.
        token: What it asks clients for; None if it does not.
    """

    def __init__(self, address: str, token: str | None) -> None:
        super().__init__(address)
        self._token = token

    @property
    def token(self) -> str | None:
        """The token for a channel with TLS, which carries it as credentials."""
        return self._token if self.use_ssl else None

    def metadata(self) -> Iterable[tuple[str, str]]:
        """What each call carries."""
        own = [("authorization", f"Bearer {self._token}")] if self._token and not self.use_ssl else []
        return [*super().metadata(), *own]
