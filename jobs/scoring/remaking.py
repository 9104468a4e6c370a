"""Lists of a night, or of a mixture of two nights, made again without Spark.

They are made of the versions of tables, the model and the settings that a publication of gold.recommendations names.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs import recommenders
from jobs.errors import GoneError
from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.views import Views
from jobs.scoring.histories import put_together
from jobs.scoring.lists import LIST_SCHEMA, lists_of
from jobs.scoring.plan import Plan, plan_of
from jobs.scoring.rules import RULES, Allowed
from jobs.scoring.sources import profiles_for_lists, rules_in_force, titles_for_lists, viewers_by_title
from jobs.scoring.weighing import end_of
from jobs.tables.model import CHAMPION
from jobs.tables.silver import PREFERENCES, TITLE_PROFILES, TITLE_RULES, TITLES

PARTS = ("data", "model", "rules")
"""What lists are made of. data: what viewers did and what the catalogue says, as of a night; model; rules: blocks, boosts and
settings."""
_READ = (PREFERENCES, TITLES, TITLE_PROFILES)
_HISTORIES = """
SELECT user_id, title_id, weight, rating, last_at
FROM (SELECT unnest(?) AS user_id) LEFT JOIN silver.preferences USING (user_id)
"""


@dataclass(frozen=True)
class Recipe:
    """What lists were made of."""

    night: date
    """The night as of which the data is told."""
    versions: tuple[int, ...]
    """Versions of silver.preferences, silver.titles and silver.title_profiles."""
    model: int
    """Registered version."""
    settings: str
    """Settings that shape the lists, as JSON."""
    rules: str
    """Blocks and boosts in force on its night, as JSON."""

    @classmethod
    def of(cls, root: str, entry: Entry) -> "Recipe":
        """What a publication of gold.recommendations was made of.

        Args:
            root: The lake's root.
            entry: The publication's.

        Raises:
            GoneError: It does not name all of it, or the rules of its night are not kept any more.
        """
        named = {name: entry.inputs.get(name) for name in (*(table.name for table in _READ), CHAMPION.name)}
        *versions, model = [version for version in named.values() if version is not None]
        if unknown := [name for name, version in named.items() if version is None]:
            raise GoneError(f"version {entry.version} of {entry.table} was made without {', '.join(unknown)}")
        rules = json.dumps(rules_then(root, entry.inputs.get(TITLE_RULES.name), entry.night).to_pylist())
        return cls(entry.night, tuple(versions), model, json.dumps(entry.settings, sort_keys=True), rules)

    def mixed(self, other: "Recipe", parts: Collection[str]) -> "Recipe":
        """This one with some of its parts taken from another."""
        mixed = self
        if "data" in parts:
            mixed = replace(mixed, night=other.night, versions=other.versions)
        if "model" in parts:
            mixed = replace(mixed, model=other.model)
        return replace(mixed, settings=other.settings, rules=other.rules) if "rules" in parts else mixed

    def in_words(self, part: str) -> str:
        """A part of it: versions, settings."""
        if part == "data":
            versions = (f"{table.name} v{version}" for table, version in zip(_READ, self.versions, strict=True))
            return f"{', '.join(versions)}, as of {self.night}"
        if part == "model":
            return f"version {self.model}"
        kinds = Counter(rule["rule"] for rule in json.loads(self.rules))
        told = [f"{kinds[kind]} {kind}{'' if kinds[kind] == 1 else 's'}" for kind in ("block", "boost")]
        settings = {
            name: "/".join(map(str, value)) if isinstance(value, list) else json.dumps(value)
            for name, value in json.loads(self.settings).items()
        }
        return ", ".join([*told, *(f"{name} {value}" for name, value in settings.items())])


@dataclass(frozen=True)
class Past:
    """A lake as it was, and models as they were: what is read is kept, so that mixtures of two recipes share it.

    Args:
        root: The lake's root.
        folder_of: Where a registered version of the model is; raises GoneError where it is not kept any more.
        user_ids: The viewers whose lists are made.
        explains: Whether personal rows say why they are there: it takes ten times as long.
    """

    root: str
    folder_of: Callable[[int], Path]
    user_ids: Sequence[str]
    explains: bool = False
    _views: dict[tuple[int, ...], Views] = field(default_factory=dict)
    _counted: dict[tuple[tuple[int, ...], date], pa.Table] = field(default_factory=dict)
    _histories: dict[tuple[tuple[int, ...], date], list[pa.RecordBatch]] = field(default_factory=dict)
    _lists: dict[Recipe, pa.Table] = field(default_factory=dict)

    def lists(self, recipe: Recipe) -> pa.Table:
        """The lists that a recipe makes.

        Returns:
            The columns of :data:`jobs.scoring.lists.LIST_SCHEMA`: one row per viewer and rank.

        Raises:
            GoneError: Something that it is made of is not kept any more.
        """
        if recipe not in self._lists:
            made = lists_of(self.plan(recipe), self.histories(recipe), explains=self.explains)
            self._lists[recipe] = pa.Table.from_batches(made, LIST_SCHEMA)
        return self._lists[recipe]

    def require(self, recipe: Recipe) -> None:
        """Refuse a recipe of which something is not kept any more.

        Raises:
            GoneError: Names all that is gone.
        """
        gone = []
        for table, version in zip(_READ, recipe.versions, strict=True):
            try:
                ledger.open_version(self.root, table, version)
            except GoneError as missing:
                gone.append(str(missing))
        try:
            self.folder_of(recipe.model)
        except GoneError as missing:
            gone.append(str(missing))
        if gone:
            raise GoneError("; ".join(gone))

    def plan(self, recipe: Recipe) -> Plan:
        """All that the lists depend on beside what viewers know."""
        folder = self.folder_of(recipe.model)
        model, settings = recommenders.held(str(folder)), json.loads(recipe.settings)
        length, views = int(settings["list_length"]), self._opened(recipe)
        rules = pa.Table.from_pylist(json.loads(recipe.rules), RULES)
        # Publications from before these settings name none.
        title_types, adult = settings.get("listed_title_types"), settings.get("lists_adult", False)
        allowed = Allowed(adult=adult) if title_types is None else Allowed(title_types, adult=adult)
        named = pa.concat_arrays([model.title_ids, rules["title_id"].combine_chunks()])
        titles = titles_for_lists(views, self._popularity(recipe), named, recipe.night, length, allowed)
        return plan_of(folder, model, titles, profiles_for_lists(views, model.title_ids), rules, length)

    def histories(self, recipe: Recipe) -> list[pa.RecordBatch]:
        """What each viewer knows, one row per viewer, as :func:`jobs.scoring.histories.put_together` has it."""
        key = (recipe.versions, recipe.night)
        if key not in self._histories:
            rows = self._opened(recipe).arrow(_HISTORIES, (list(self.user_ids),))
            self._histories[key] = list(put_together(rows.to_batches(), end_of(recipe.night)))
        return self._histories[key]

    def _popularity(self, recipe: Recipe) -> pa.Table:
        """Viewers of each title, all and recent ones: the only query of everybody's history."""
        key = (recipe.versions, recipe.night)
        if key not in self._counted:
            self._counted[key] = viewers_by_title(self._opened(recipe), recipe.night)
        return self._counted[key]

    def _opened(self, recipe: Recipe) -> Views:
        if recipe.versions not in self._views:
            versions = dict(zip(_READ, recipe.versions, strict=True))
            self._views[recipe.versions] = Views(self.root, (), versions)
        return self._views[recipe.versions]


def rules_then(root: str, version: int | None, night: date) -> pa.Table:
    """What :func:`jobs.scoring.sources.rules_in_force` says of a version of silver.title_rules; None: there was none.

    Raises:
        GoneError: The version is not kept any more.
    """
    if version is None:
        return RULES.empty_table()
    return rules_in_force(Views(root, (), {TITLE_RULES: version}), night)


def listed_titles(lists: pa.Table, user_ids: Sequence[str]) -> pa.ListArray:
    """The titles of each viewer's list, best first; empty for a viewer without one.

    Args:
        lists: user_id, rank and title_id, in any order.
        user_ids: The viewers, in the order that they are wanted in.
    """
    order = pa.array(user_ids, pa.string())
    owner = pc.index_in(lists["user_id"], value_set=order)
    rows = pa.table({"owner": owner, "rank": lists["rank"], "title_id": lists["title_id"]})
    rows = rows.filter(pc.is_valid(rows["owner"])).sort_by([("owner", "ascending"), ("rank", "ascending")])
    offsets = np.searchsorted(rows["owner"].to_numpy(), np.arange(len(order) + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), rows["title_id"].combine_chunks().cast(pa.string()))
