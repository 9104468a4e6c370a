"""ops.forgotten: people whose events are kept out, known by an HMAC alone, so that the list itself names nobody.

Whoever knows an identifier and the key can ask whether it is on the list; without the key nobody can. Without Spark.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pyarrow as pa
from deltalake import write_deltalake

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.commit import open_or_create
from jobs.lakehouse.storage import open_storage, remove
from jobs.settings import Settings
from jobs.tables import Table
from jobs.tables.ops import FORGOTTEN

_SCHEMA = pa.schema(
    [
        ("person", pa.string()),
        ("key_check", pa.string()),
        ("first_night", pa.date32()),
        ("forgotten_by", pa.string()),
        ("forgotten_at", pa.timestamp("us", "UTC")),
    ]
)
_BLOCK = 64
"""Bytes of a block of SHA-256, to which HMAC (RFC 2104) fills its key."""
_INNER, _OUTER = 0x36, 0x5C


@dataclass(frozen=True)
class Forgotten:
    """A row of the list."""

    person: str
    """HMAC-SHA256 of the identifier, in hexadecimal."""
    key_check: str
    first_night: date | None
    """Of the person's first events in bronze; None if nothing was known of the person."""
    forgotten_by: str
    forgotten_at: datetime


@dataclass(frozen=True)
class Key:
    """The secret by which people are known."""

    secret: bytes

    def person(self, user_id: str) -> str:
        """How the list names a viewer; blanks around an identifier make nobody else of it."""
        return hmac.digest(self.secret, user_id.strip(" ").encode("utf-8", "surrogatepass"), "sha256").hex()

    @property
    def check(self) -> str:
        """What tells this key from another, and nothing else."""
        return hmac.digest(self.secret, b"reelhouse forget: which key", "sha256").hex()[:16]

    @property
    def pads(self) -> tuple[bytes, bytes]:
        """The key as HMAC mixes it in: before the message, and before the hash of that."""
        block = self.secret if len(self.secret) <= _BLOCK else hashlib.sha256(self.secret).digest()
        block = block.ljust(_BLOCK, b"\0")
        return bytes(byte ^ _INNER for byte in block), bytes(byte ^ _OUTER for byte in block)


@dataclass(frozen=True)
class KeptOut:
    """The people on the list, and the key by which an identifier is found there."""

    key: Key
    people: frozenset[str]

    def which(self, user_ids: Iterable[str | None]) -> set[str]:
        """Those of some identifiers that are of people on the list."""
        return {one for one in set(user_ids) if one is not None and self.key.person(one) in self.people}


def require_key(settings: Settings) -> Key:
    """The key that the settings hold, and that the list was made with.

    Raises:
        JobError: There is none, or the list was made with another.
    """
    if settings.forget_key is None:
        raise JobError(
            "nobody was forgotten: REELHOUSE_FORGET_KEY is not set; make one with `openssl rand -hex 32`, set it wherever "
            "nights are run, and keep it as long as the lake: without it those who were forgotten cannot be kept out"
        )
    key = Key(settings.forget_key.get_secret_value().encode())
    if any(one.key_check != key.check for one in _rows(settings.lake)):
        raise JobError(
            "nobody was forgotten: REELHOUSE_FORGET_KEY is not the key that ops.forgotten was made with; set that one"
        )
    return key


def kept_out(settings: Settings, undone: str) -> KeptOut | None:
    """The people whose rows may not come back; None if the list is empty.

    Args:
        settings: Where the lake is, and the key.
        undone: What is not done without the key, such as ``bronze.interactions was not ingested``.

    Raises:
        JobError: People are on the list, and the key is not set, or is another.
    """
    rows = _rows(settings.lake)
    if not rows:
        return None
    secret = settings.forget_key
    key = Key(secret.get_secret_value().encode()) if secret else None
    if key is None or any(one.key_check != key.check for one in rows):
        wrong = "is not set" if key is None else "is another than the list was made with"
        raise JobError(
            f"{undone}: {len(rows):,} people are to be kept out (ops.forgotten), and REELHOUSE_FORGET_KEY, by which they are "
            f"known, {wrong}; set it to what it was"
        )
    return KeptOut(key, frozenset(one.person for one in rows))


def kept_out_of(settings: Settings, tables: Iterable[Table], undone: str) -> KeptOut | None:
    """The people who may not come back when tables go back to what they held; None if there is nobody, or no table has any.

    Args:
        settings: Where the lake is, and the key.
        tables: Which tables.
        undone: What is not done without the key.

    Raises:
        JobError: People are on the list, and the key is not set, or is another.
    """
    has_any = any(column.personal for table in tables for column in table.columns)
    return kept_out(settings, undone) if has_any else None


def any_since(root: str, moment: datetime) -> bool:
    """Whether somebody was forgotten after a moment."""
    return any(one.forgotten_at > moment for one in _rows(root))


def find(root: str, person: str) -> Forgotten | None:
    """The row of a person."""
    return next((one for one in _rows(root) if one.person == person), None)


def add(root: str, row: Forgotten) -> None:
    """Keep a person out from now on."""
    write_deltalake(open_or_create(root, FORGOTTEN), pa.Table.from_pylist([asdict(row)], _SCHEMA), mode="append")


class Watch:
    """The list as it was when a job began: what it read before somebody was forgotten holds that person still.

    Args:
        root: The lake's root.
    """

    def __init__(self, root: str) -> None:
        self._root, self._before = root, ledger.version(root, FORGOTTEN)

    @property
    def tells_of_nobody(self) -> bool:
        """Whether nobody was forgotten since."""
        return ledger.version(self._root, FORGOTTEN) == self._before

    def require_nobody(self, table: Table, staged: str) -> None:
        """Refuse to publish a table once the list is longer, and remove what was staged.

        Raises:
            JobError: Somebody was forgotten since.
        """
        if not self.tells_of_nobody:
            remove(*open_storage(staged))
            raise JobError(
                f"{table.name} was not published: somebody was forgotten meanwhile, who may be in what was read; run it again"
            )


def _rows(root: str) -> list[Forgotten]:
    delta = ledger.open_table(root, FORGOTTEN)
    return [Forgotten(**row) for row in delta.to_pyarrow_table().to_pylist()] if delta else []
