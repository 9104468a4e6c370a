"""A night's plan: all that the lists of a night depend on beside what each viewer knows.

It is made of a few tables in memory and settings, and nothing else: the same tables make the same plan, tonight or in a
year. Tasks read it from a folder.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories
from jobs.scoring.sentences import Words
from jobs.scoring.stored import store, stored
from jobs.scoring.tiers import Tier
from jobs.scoring.top_n import Scorer, is_popularity

RECENT_DAYS = 30
"""Viewers of so many days, up to and including the night, make a title popular."""
_ARRAYS = ("positions", "values", "boosts")


@dataclass(frozen=True)
class _Told:
    """What a saved plan says beside arrays."""

    model: str
    length: int
    genre_names: tuple[str, ...]
    counted: str
    has_popularity: bool


@dataclass(frozen=True)
class Plan:
    """What turns histories into lists on one night."""

    model: Path
    """Folder of the saved model."""
    length: int
    """Titles on a list."""
    title_ids: pa.Array
    """Titles that somebody watched, that the model knows, or that come first of the rest: most popular first."""
    of_model: NDArray[np.int32]
    """Where each of the model's titles is among them; -1 where it is known no more."""
    excluded: NDArray[np.int32]
    """Positions of the model's titles that may not be listed."""
    boosts: NDArray[np.float32]
    """What rules add to each of the model's titles, as a share of a viewer's best score; 0 for most."""
    genre_names: tuple[str, ...]
    genres: csr_matrix
    """Titles by genres: ones."""
    by_genre: tuple[Tier, ...]
    """Popular titles of each genre; none where popularity is the model."""
    popular: Tier
    """Every title that anybody's list can want, most popular first."""
    words: Words
    """What the model's titles are called, and what they share."""
    counted: str
    """What makes titles popular, in words."""
    has_popularity: bool
    """Whether the model is a popularity: its scores are what orders ``popular``, and no list is personal."""

    def save(self, folder: Path) -> None:
        """Write arrays and JSON into a folder that is there."""
        tiers = (self.popular, *self.by_genre)
        parts = zip(*((tier.positions, tier.values, tier.boosts) for tier in tiers), strict=True)
        arrays = {name: np.concatenate(of) for name, of in zip(_ARRAYS, parts, strict=True)}
        arrays |= {
            "of_model": self.of_model,
            "excluded": self.excluded,
            "strengths": self.boosts,
            "genres": self.genres,
        }
        arrays["ends"] = np.cumsum([len(tier.positions) for tier in tiers])
        told = _Told(str(self.model), self.length, self.genre_names, self.counted, self.has_popularity)
        store(folder, self.title_ids, told, arrays)
        self.words.save(folder)


@lru_cache(maxsize=2)
def held_plan(folder: str) -> Plan:
    """A saved plan as tasks use it: a Python worker lives on, and reads a folder once; arrays stay on disk, mapped."""
    kept = stored(Path(folder))
    told = kept.parameters
    ends = kept.array("ends")
    parts = [np.split(kept.array(name), ends[:-1]) for name in _ARRAYS]
    popular, *by_genre = (Tier(*arrays) for arrays in zip(*parts, strict=True))
    return Plan(
        model=Path(told["model"]),
        length=told["length"],
        title_ids=kept.title_ids,
        of_model=kept.array("of_model"),
        excluded=kept.array("excluded"),
        boosts=kept.array("strengths"),
        genre_names=tuple(told["genre_names"]),
        genres=kept.matrix("genres"),
        by_genre=tuple(by_genre),
        popular=popular,
        words=Words.load(Path(folder)),
        counted=told["counted"],
        has_popularity=told["has_popularity"],
    )


def plan_of(folder: Path, model: Scorer, titles: pa.Table, profiles: pa.Table, rules: pa.Table, length: int) -> Plan:
    """Settle everything that is the same for all viewers.

    Args:
        folder: Where the model is saved.
        model: The model.
        titles: As :func:`jobs.scoring.sources.titles_for_lists` returns them, those of the rules included.
        profiles: As :func:`jobs.scoring.sources.profiles_for_lists` returns them.
        rules: As :func:`jobs.scoring.sources.rules_in_force` returns them.
        length: Titles on a list.
    """
    titles = _by_popularity(titles)
    title_ids = titles["title_id"].combine_chunks()
    is_blocked = np.asarray(pc.is_in(title_ids, value_set=_ruled(rules, "block")["title_id"].combine_chunks()))
    strengths = _strengths(title_ids, _ruled(rules, "boost"))
    listed = np.flatnonzero(titles["is_listable"].to_numpy() & ~is_blocked).astype(np.int32)
    recent = np.maximum(titles["recent_viewers"].to_numpy(), 0.0)
    genre_names, genres = _genres(titles["genres"].combine_chunks())
    of_model = np.asarray(pc.fill_null(pc.index_in(model.title_ids, value_set=title_ids), -1)).astype(np.int32)
    has_popularity = is_popularity(model)
    of_genre: list[NDArray[np.int32]] = []
    if has_popularity:
        ordered, values = _as_it_counts(model, of_model, listed, len(title_ids))
    else:
        ordered, values = listed, recent
        watched = listed[titles["viewers"].to_numpy()[listed] > 0]
        members = genres[watched].tocsc()
        of_genre = [watched[members[:, one].indices] for one in range(len(genre_names))]
    return Plan(
        model=folder,
        length=length,
        title_ids=title_ids,
        of_model=of_model,
        excluded=np.flatnonzero(~np.isin(of_model, listed)).astype(np.int32),
        boosts=np.where(of_model >= 0, strengths[of_model], 0.0).astype(np.float32),
        genre_names=genre_names,
        genres=genres,
        by_genre=tuple(Tier.of(some, recent[some], strengths[some]) for some in of_genre),
        popular=Tier.of(ordered, values[ordered], strengths[ordered]),
        words=Words.of(model.title_ids, titles, profiles),
        counted=str(getattr(model, "counted", f"viewers in {RECENT_DAYS} days")),
        has_popularity=has_popularity,
    )


def _by_popularity(titles: pa.Table) -> pa.Table:
    """Titles by viewers of the last days, by all viewers, by votes, then by id; counts that are not there are -1."""
    counted = ("recent_viewers", "viewers", "vote_count")
    for name in counted:
        at = titles.schema.get_field_index(name)
        titles = titles.set_column(at, name, pc.fill_null(titles[name].cast(pa.float64()), -1.0))
    return titles.sort_by([*((name, "descending") for name in counted), ("title_id", "ascending")]).combine_chunks()


def _ruled(rules: pa.Table, rule: str) -> pa.Table:
    """The rows of one rule."""
    return rules.filter(pc.equal(rules["rule"], rule))


def _strengths(title_ids: pa.Array, boosts: pa.Table) -> NDArray[np.float64]:
    """What rules add to each title, as a share of a list's best score; 0 for most."""
    strengths = np.zeros(len(title_ids))
    at = np.asarray(pc.fill_null(pc.index_in(boosts["title_id"].combine_chunks(), value_set=title_ids), -1))
    strengths[at[at >= 0]] = boosts["boost"].to_numpy()[at >= 0]
    return strengths


def _genres(lists: pa.ListArray) -> tuple[tuple[str, ...], csr_matrix]:
    """Names in order, and titles by genres."""
    names = pc.unique(lists.flatten()).sort()
    counts = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    column = np.asarray(pc.index_in(lists.flatten(), value_set=names), dtype=np.int32)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    cells = (np.ones(len(column), dtype=np.float32), column, indptr)
    return tuple(names.to_pylist()), csr_matrix(cells, shape=(len(lists), len(names)))


def _as_it_counts(
    model: Scorer, of_model: NDArray[np.int32], listed: NDArray[np.int32], titles: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Listed titles in the order of a popularity, and what it says of all, to everybody the same: 0 of what it does not know."""
    values, place = np.zeros(titles), np.full(titles, len(of_model))
    there = np.flatnonzero(of_model >= 0)
    values[of_model[there]] = model.scores(Histories.of(csr_matrix((1, len(of_model)), dtype=np.float32)))[0, there]
    place[of_model[there]] = there
    return listed[np.lexsort((listed, place[listed]))], values
