"""What is known of a delivered file once it was read, without what reads it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Content:
    """What is known of a file that can be read to its end."""

    first_line: str = ""
    """Of a file that has names in it."""
    columns: tuple[str, ...] | None = None
    """Of a Parquet file."""
    bytes: int = 0
    """As delivered."""
    unpacked_bytes: int = 0
    records: int = 0
    """Rows that a reader makes of it, good and broken: lines that are not blank, without the header."""
    longest_line: int = 0
    """Bytes of the longest line, or record of CSV."""
    types: tuple[str, ...] = ()
    """Types of a Parquet file's columns."""


@dataclass(frozen=True)
class Scan:
    """What one pass over a file found."""

    sha256: str
    """Hash of the bytes as delivered; empty of a file that cannot be read."""
    content: Content | None
    problem: str = ""
    """Why there is no content, in words that follow the file's path."""


def kind_of(path: Path) -> str:
    """How a file is written, by the end of its name: tsv, csv, dat, parquet, or jsonl."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    return "jsonl" if kind in {"json", "ndjson"} else kind
