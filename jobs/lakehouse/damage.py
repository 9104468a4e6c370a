"""Data files of a table that are not what its log says they are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
from deltalake import DeltaTable

from jobs.lakehouse.logs import LOST
from jobs.lakehouse.storage import open_storage


@dataclass(frozen=True)
class Damage:
    """A file that cannot be read as it was written."""

    path: str
    """Below the table's address."""
    what: str
    """What is wrong with it, in words."""
    part: str
    """The partition that it is of, as its folder says; empty of a table that has none."""

    def __str__(self) -> str:
        """The file and what is wrong with it."""
        return f"{self.path} {self.what}"


@dataclass
class Inspection:
    """Looks at files, at each once, however many versions hold it.

    Args:
        address: Where the table is.
        deep: Whether to read every page, which finds bytes that were changed; else only sizes and footers are looked at.
    """

    address: str
    deep: bool = False
    _seen: dict[str, str] = field(default_factory=dict)

    def damages(self, delta: DeltaTable) -> Iterator[Damage]:
        """The damaged files that a version holds, as they are found."""
        filesystem, address = open_storage(self.address)
        files = delta.get_add_actions(flatten=True)
        told = zip(*(files.column(name).to_pylist() for name in ("path", "size_bytes", "num_records")), strict=True)
        for name, size, rows in told:
            path = unquote(name)
            if path not in self._seen:
                self._seen[path] = self._look(filesystem, f"{address}/{path}", size, rows)
            if self._seen[path]:
                yield Damage(path, self._seen[path], path.rpartition("/")[0].partition("=")[2])

    def _look(self, filesystem: pa.fs.FileSystem, path: str, size: int, rows: int | None) -> str:
        """What is wrong with a file; empty if nothing is."""
        info = filesystem.get_file_info(path)
        if info.type != pa.fs.FileType.File:
            lost = path.rpartition("/")[2].startswith(LOST)
            return "stands for what an entry of the log said that was lost" if lost else "is not there"
        if info.size != size:
            return f"has {info.size:,} bytes, not {size:,}"
        try:
            with filesystem.open_input_file(path) as file:
                # What Spark and delta-rs write has a checksum with every page.
                parquet = pq.ParquetFile(file, page_checksum_verification=True)
                if rows is not None and parquet.metadata.num_rows != rows:
                    return f"has {parquet.metadata.num_rows:,} rows, not {rows:,}"
                for _ in parquet.iter_batches() if self.deep else ():
                    pass
        except (OSError, pa.ArrowException) as error:
            return f"is damaged ({' '.join(str(error).split())})"
        return ""
