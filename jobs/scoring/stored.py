"""Models on disk: arrays that are mapped into memory, titles and parameters as JSON. Nothing is pickled."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Stored:
    """What :func:`store` wrote."""

    title_ids: pa.Array
    parameters: dict[str, Any]
    folder: Path

    def array(self, name: str) -> NDArray[Any]:
        """An array; it stays on disk, mapped into memory."""
        array: NDArray[Any] = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return array

    def matrix(self, name: str) -> csr_matrix:
        """A sparse matrix, its three arrays mapped into memory."""
        parts = tuple(self.array(f"{name}_{part}") for part in _PARTS)
        return csr_matrix(parts, shape=tuple(self.array(f"{name}_shape")), copy=False)


_PARTS = ("data", "indices", "indptr")


def store(folder: Path, title_ids: pa.Array, parameters: Any, arrays: Mapping[str, NDArray[Any] | csr_matrix]) -> None:
    """Write a model into a folder that is there: ``titles.json``, ``parameters.json`` and a file for each array.

    Args:
        folder: Where.
        title_ids: The model's titles, most popular first.
        parameters: A dataclass of hyper-parameters.
        arrays: Name → dense array, or sparse matrix, which becomes four files.
    """
    (folder / "titles.json").write_text(json.dumps(title_ids.to_pylist()), encoding="utf-8")
    (folder / "parameters.json").write_text(json.dumps(asdict(parameters), indent=2), encoding="utf-8")
    for name, values in arrays.items():
        if isinstance(values, csr_matrix):
            parts = (values.data, values.indices, values.indptr, np.array(values.shape))
            for part, of in zip((*_PARTS, "shape"), parts, strict=True):
                np.save(folder / f"{name}_{part}.npy", of, allow_pickle=False)
        else:
            np.save(folder / f"{name}.npy", values, allow_pickle=False)


def stored(folder: Path) -> Stored:
    """Read what :func:`store` wrote."""
    return Stored(
        pa.array(json.loads((folder / "titles.json").read_text(encoding="utf-8")), pa.string()),
        json.loads((folder / "parameters.json").read_text(encoding="utf-8")),
        folder,
    )
