"""A small table of some versions, and what disks do to it."""

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
from deltalake import DeltaTable

from jobs.settings import Settings
from jobs.tables import Table, gold
from tests.cli.small_lake import publish

TABLE = gold.POPULAR_TITLES
NIGHTS = [date(2026, 3, day) for day in (1, 2, 3, 4)]


def published(home: Path, table: Table = TABLE) -> Path:
    """The folder of a table whose versions 1 to 4 are its first four nights, each with a title of its own."""
    for night in NIGHTS:
        publish(home, table, {"title_id": f"of {night}"}, night=night, publication=f"of {night}")
    return Path(Settings(home=home).lake) / table.path


def entry(folder: Path, version: int) -> Path:
    return folder / "_delta_log" / f"{version:020d}.json"


def files(folder: Path, version: int) -> list[Path]:
    return [Path(uri.removeprefix("file://")) for uri in DeltaTable(folder, version=version).file_uris()]


def truncate(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])


def flip(file: Path) -> None:
    """Change the last byte of the data of a file: its size and its footer stay as they were."""
    column = pq.ParquetFile(file).metadata.row_group(0).column(0)
    whole = bytearray(file.read_bytes())
    whole[
        min(filter(None, (column.dictionary_page_offset, column.data_page_offset))) + column.total_compressed_size - 1
    ] ^= 0xFF
    file.write_bytes(whole)


def titles(folder: Path, version: int | None = None) -> list[str]:
    return list(DeltaTable(folder, version=version).to_pyarrow_table()["title_id"].to_pylist())
