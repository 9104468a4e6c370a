"""A world of tastes, of real shape: popularity and activity of power laws, viewers who keep to a few kinds of titles."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import CommitProperties, write_deltalake
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Account
from jobs.lakehouse.schema import arrow_schema
from jobs.recommenders import ials
from jobs.recommenders.als import Model, Parameters
from jobs.settings import cores_here
from jobs.tables import Table, gold, silver
from tests.rows import filled

NIGHT = date(2026, 3, 1)
PER_VIEWER = 98
"""Titles that a viewer has seen: 27.75 million by 283,228."""
_KINDS, _LIKED_KINDS, _SHARE_OF_TASTE = 60, 4, 0.8
_DRAWN = 1.5
"""So many times as many are drawn as are wanted: what is drawn twice counts once."""
_ITERATIONS = 3
_RANGE_VIEWERS = 10_000
"""About a million rows of preferences."""


@dataclass(frozen=True)
class World:
    """Who has seen what."""

    known: csr_matrix
    """Viewers by titles of ones; titles most popular first."""
    kinds: NDArray[np.int64]
    """The kind of each title."""

    @classmethod
    def of(cls, viewers: int, titles: int, seed: int = 1) -> "World":
        """Draw who has seen what: four in five by the viewer's taste, the rest by popularity alone."""
        rng = np.random.default_rng(seed)
        wanted = viewers * PER_VIEWER
        drawn = int(wanted * _DRAWN)
        activity = rng.lognormal(sigma=1.1, size=viewers)
        popularity = 1.0 / np.arange(20, titles + 20) ** 0.8
        kinds = rng.integers(_KINDS, size=titles)
        viewer = np.searchsorted(np.cumsum(activity), activity.sum() * rng.random(drawn)).clip(max=viewers - 1)
        taste = rng.integers(_KINDS, size=(viewers, _LIKED_KINDS))
        kind = taste[viewer, np.minimum(rng.geometric(0.5, drawn), _LIKED_KINDS) - 1]
        by_kind = np.argsort(kinds, kind="stable")
        ends = np.concatenate([[0.0], np.cumsum(popularity[by_kind])])
        first, last = (
            ends[np.searchsorted(kinds[by_kind], np.arange(_KINDS), side=side)] for side in ("left", "right")
        )
        is_taste = rng.random(drawn) < _SHARE_OF_TASTE
        low, high = np.where(is_taste, first[kind], 0.0), np.where(is_taste, last[kind], ends[-1])
        at = np.searchsorted(ends, low + (high - low) * rng.random(drawn), side="right") - 1
        pairs = np.unique(viewer * titles + by_kind[at.clip(max=titles - 1)])
        kept = np.sort(rng.permutation(len(pairs))[:wanted])
        viewer, title = np.divmod(pairs[kept], titles)
        fans = np.bincount(title, minlength=titles)
        order = np.argsort(-fans, kind="stable")
        place = np.empty(titles, dtype=np.int64)
        place[order] = np.arange(titles)
        cells = (np.ones(len(viewer), dtype=np.float32), (viewer, place[title]))
        return cls(csr_matrix(cells, shape=(viewers, titles)), kinds[order])

    def title_ids(self) -> pa.Array:
        """Titles, most popular first."""
        return pa.array([f"tt{n:07d}" for n in range(self.known.shape[1])])

    def user_ids(self) -> pa.Array:
        """Viewers."""
        return pa.array([f"u{n:06d}" for n in range(self.known.shape[0])])

    def fitted(self, rank: int) -> Model:
        """Implicit ALS, a few iterations of it: factors of the shape that real ones have."""
        parameters = ials.Parameters(rank=rank)
        cells = (1.0 + parameters.alpha * self.known.data, self.known.indices, self.known.indptr)
        als = AlternatingLeastSquares(
            factors=rank,
            regularization=parameters.reg_param,
            alpha=1.0,
            iterations=_ITERATIONS,
            dtype=np.float32,
            num_threads=cores_here(),
            random_state=parameters.seed,
        )
        with threadpool_limits(1, "blas"):
            als.fit(csr_matrix(cells, shape=self.known.shape), show_progress=False)
        return Model(self.title_ids(), np.ascontiguousarray(als.item_factors), Parameters(rank=rank))

    def lay_out(self, home: Path) -> None:
        """Write all that the lists read, as if nights had published it; preferences by ranges of viewers, else in no order."""
        rng = np.random.default_rng(2)
        order = rng.permutation(self.known.nnz)
        viewer = np.repeat(np.arange(self.known.shape[0], dtype=np.int32), np.diff(self.known.indptr))
        order = order[np.argsort(viewer[order] // _RANGE_VIEWERS, kind="stable")]
        viewer = viewer[order]
        size = len(order)
        at = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + rng.integers(0, 59 * 86_400, size)
        preferences = {
            "user_id": pa.DictionaryArray.from_arrays(viewer, self.user_ids()).cast(pa.string()),
            "title_id": pa.DictionaryArray.from_arrays(self.known.indices[order], self.title_ids()).cast(pa.string()),
            "weight": pa.array(np.round(rng.random(size), 3) + 0.001),
            "rating": pa.nulls(size, pa.float64()),
            "event_count": pa.array(np.ones(size, dtype=np.int32)),
            "last_at": pa.array((at * 1_000_000).astype(np.int64)).cast(pa.timestamp("us", "UTC")),
        }
        _publish(home, silver.PREFERENCES, pa.table(preferences))
        names = [f"Person {n}" for n in range(self.known.shape[1] // 3)]
        titles, profiles = [], []
        for n, (title_id, kind) in enumerate(zip(self.title_ids().to_pylist(), self.kinds.tolist(), strict=True)):
            own = {"title_id": title_id, "genres": [f"Genre {kind % 24:02d}"], "release_year": 1950 + n % 75}
            titles.append(
                filled(silver.TITLES, own | {"title": f"Title {n}", "title_type": "movie", "vote_count": 100_000 - n})
            )
            cast = [names[(n * 7 + 13 * m) % len(names)] for m in range(5)]
            own = {name: value for name, value in own.items() if name != "release_year"}
            profiles.append(
                filled(silver.TITLE_PROFILES, own | {"directors": [names[n % len(names)]], "leading_cast": cast})
            )
        _publish(home, silver.TITLES, pa.Table.from_pylist(titles, arrow_schema(silver.TITLES)))
        _publish(home, silver.TITLE_PROFILES, pa.Table.from_pylist(profiles, arrow_schema(silver.TITLE_PROFILES)))
        for table in gold.RECOMMENDATIONS.inputs:
            if isinstance(table, Table) and not (home / "lake" / table.path).exists() and table.layer == "silver":
                _publish(home, table, arrow_schema(table).empty_table())


def _publish(home: Path, table: Table, rows: pa.Table) -> None:
    """Write a table without auditing it."""
    schema = arrow_schema(table)
    entry: dict[str, Any] = {"night": NIGHT, "offered": len(rows), "published": len(rows), "run": "benchmark"}
    address = str(home / "lake" / table.path)
    write_deltalake(address, schema.empty_table())  # version 0: the table is made
    write_deltalake(
        address,
        rows.select(schema.names).cast(schema),
        mode="overwrite",
        commit_properties=CommitProperties(custom_metadata={"userMetadata": ledger.encode(Account(**entry))}),
    )
