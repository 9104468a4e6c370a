"""A definition that breaks a rule is not made, and says every rule that it breaks."""

from dataclasses import replace
from typing import Any

import pytest

from jobs.settings import Settings
from jobs.tables import SOURCES, TABLES, Column, Model, Source, Table, bronze, silver

SHELF_ID = Column("shelf_id", "string", "The shelf.", nullable=False)
NIGHT = Column("night", "date", "The night.", nullable=False)
SHELVES = Table(
    name="silver.shelves",
    grain="One row per shelf.",
    owner="catalogue",
    key=("shelf_id",),
    inputs=(bronze.IMDB_TITLE_BASICS,),
    columns=(SHELF_ID, Column("film_count", "int", "Films on it.")),
)
VISITS = Table(
    name="gold.visits",
    grain="One row per night and shelf.",
    owner="viewing",
    key=("night", "shelf_id"),
    inputs=(SHELVES,),
    kind="log",
    partitioned_by="night",
    columns=(SHELF_ID, NIGHT),
)
TASTE = Model("model.taste", "What shelves are liked.", "recommendations", inputs=(SHELVES,))


def column(name: str, type: str, *, nullable: bool = True) -> dict[str, Any]:  # noqa: A002 - as Column calls it
    return {"columns": (SHELF_ID, Column(name, type, "A column.", nullable))}


@pytest.mark.parametrize(
    ("table", "broken", "rule"),
    [
        (SHELVES, {"name": "bronze.shelves"}, "bronze has no key, and its last columns are extra, file, night"),
        (SHELVES, {"name": "shelves"}, "there is no layer shelves"),
        (SHELVES, {"name": "model.shelves"}, "there is no layer model"),
        (SHELVES, {"name": "silver.Shelves"}, "its name is layer.plural_noun, in snake case"),
        (SHELVES, {"name": "silver.shelf"}, "shelf is not a plural"),
        (SHELVES, {"grain": "One row per shelf"}, "the grain does not end in a full stop"),
        (SHELVES, {"columns": ()}, "it has no columns"),
        (SHELVES, {"columns": (SHELF_ID, SHELF_ID)}, "the column shelf_id is named twice"),
        (SHELVES, {"columns": (replace(SHELF_ID, comment="The shelf"),)}, "the comment of shelf_id does not end in a full stop"),
        (SHELVES, {"key": ("shelf",)}, "the key names shelf, which is no column"),
        (SHELVES, {"key": ("shelf_id", "shelf_id")}, "the column of the key shelf_id is named twice"),
        (SHELVES, {"key": ("film_count",)}, "film_count may be null, and rows are found by it"),
        (SHELVES, {"partitioned_by": "shelf"}, "the partition names shelf, which is no column"),
        (SHELVES, {"partitioned_by": "film_count"}, "film_count may be null, and rows are found by it"),
        (SHELVES, {"clustered_by": ("shelf",)}, "the clustering names shelf, which is no column"),
        (SHELVES, {"unrepeated": ("shelf",)}, "the unrepeated names shelf, which is no column"),
        (VISITS, {"clustered_by": ("night",)}, "night is the same in all of a file's rows: they cannot be sorted by it"),
        (SHELVES, {"fresh_within_days": 0}, "it is fresh within one day at least: the newest night is the one before"),
        (SHELVES, {"fresh_within_days": None}, "no age is promised, and only what is delivered may come when it likes"),
        (SHELVES, {"arrives_sorted": True}, "it arrives sorted, but does not say by what"),
        (VISITS, {"partitioned_by": "shelf_id"}, "it is dated and not partitioned by night"),
        (VISITS, {"partitioned_by": None}, "it is dated and not partitioned by night"),
        (VISITS, {"kind": "current"}, "it is current and partitioned by night"),
        (VISITS, {"keeps": 0}, "keeps counts the partitions of a dated table, at least one"),
        (SHELVES, {"keeps": 3}, "keeps counts the partitions of a dated table, at least one"),
        (SHELVES, {"inputs": ()}, "it has no inputs: the first is the spine, whose every row is accounted for"),
        (SHELVES, {"inputs": (bronze.INTERACTIONS,) * 2}, "the input bronze.interactions is named twice"),
        (SHELVES, {"inputs": (silver.TITLES, VISITS)}, "gold.visits is no input for silver"),
        (VISITS, {"inputs": (bronze.INTERACTIONS,)}, "bronze.interactions is no input for gold"),
        (VISITS, {"inputs": (TASTE, SHELVES)}, "model.taste has no rows: it cannot be the spine"),
        (SHELVES, {"files": ("*.csv",)}, "files are what bronze is read from, and nothing else is"),
        (SHELVES, {"settings": ("weighing", "weighing")}, "the setting weighing is named twice"),
        (SHELVES, column("weight", "float"), "weight has the type float, which is none of array<bigint>"),
        (SHELVES, column("_kept", "int"), "_kept is not in snake case (names that begin with an underscore are reserved)"),
        (SHELVES, column("filmCount", "int"), "filmCount is not in snake case"),
        (SHELVES, column("user_id", "string"), "user_id is a person and is not marked personal"),
        (SHELVES, column("built_at", "string"), "built_at is of the type string, not timestamp"),
        (SHELVES, column("built_date", "timestamp"), "built_date is of the type timestamp, not date"),
        (SHELVES, column("film_id", "int"), "film_id is of the type int, not string"),
        (SHELVES, column("has_films", "int"), "has_films is of the type int, not boolean"),
        (SHELVES, column("visit_count", "double"), "visit_count is of the type double, not bigint or int"),
        (SHELVES, column("night", "string"), "night is of the type string, not date"),
        (SHELVES, column("built", "timestamp"), "built is a timestamp and its name does not say so (_at)"),
        (SHELVES, column("built", "date"), "built is a date and its name does not say so (_date, night, month)"),
        (SHELVES, column("full", "boolean"), "full is a boolean and its name does not say so (is_, has_)"),
        (bronze.INTERACTIONS, {"files": ()}, "files are what bronze is read from, and nothing else is"),
        (bronze.INTERACTIONS, {"inputs": (SHELVES,)}, "silver.shelves is no input for bronze"),
        (bronze.INTERACTIONS, {"key": ("event_id",)}, "bronze has no key"),
        (bronze.INTERACTIONS, {"columns": bronze.INTERACTIONS.columns[:-1]}, "its last columns are extra, file, night"),
        (bronze.INTERACTIONS, {"kind": "current", "partitioned_by": None}, "bronze is dated: a partition per delivery"),
        (
            bronze.INTERACTIONS,
            {"columns": (Column("value", "double", "As typed."), *bronze.INTERACTIONS.columns[-3:])},
            "value is as delivered: a string that may be null",
        ),
        (
            bronze.INTERACTIONS,
            {"columns": (Column("a value", "string", "As named."), *bronze.INTERACTIONS.columns[-3:])},
            "a value is not a name",
        ),
    ],
)  # fmt: skip
def test_a_table_that_breaks_a_rule_is_not_made(table: Table, broken: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match="is not well defined") as refused:
        replace(table, **broken)

    assert rule in str(refused.value)


def test_every_rule_that_is_broken_is_named_in_one_line() -> None:
    with pytest.raises(ValueError, match="is not well defined") as refused:
        replace(SHELVES, name="silver.shelf", grain="A shelf", key=("shelf",))

    assert str(refused.value) == (
        "silver.shelf is not well defined: shelf is not a plural; the grain does not end in a full stop; "
        "the key names shelf, which is no column"
    )


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ({"name": "gold.taste"}, "a model is named model.noun, in snake case"),
        ({"grain": "What is liked"}, "the grain does not end in a full stop"),
        ({"inputs": ()}, "it has no inputs"),
        ({"inputs": (VISITS,)}, "gold.visits is no input for model"),
        ({"settings": ("list_length", "list_length")}, "the setting list_length is named twice"),
    ],
)
def test_a_model_that_breaks_a_rule_is_not_made(broken: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match="is not well defined") as refused:
        replace(TASTE, **broken)

    assert rule in str(refused.value)


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (("IMDb", (bronze.INTERACTIONS,)), "its folder is named in snake case"),
        (("imdb", ()), "it delivers at least one table"),
        (("imdb", (bronze.INTERACTIONS,) * 2), "the table bronze.interactions is named twice"),
        (("imdb", (SHELVES,)), "silver.shelves is not bronze"),
    ],
)
def test_a_source_that_breaks_a_rule_is_not_made(source: tuple[str, tuple[Table, ...]], rule: str) -> None:
    with pytest.raises(ValueError, match="is not well defined") as refused:
        Source(*source, is_complete=True)

    assert rule in str(refused.value)


def test_every_table_of_bronze_comes_from_one_source() -> None:
    delivered = [table.name for source in SOURCES for table in source.tables]

    assert sorted(delivered) == sorted(table.name for table in TABLES if table.layer == "bronze")


def test_what_shapes_a_table_are_settings() -> None:
    assert {field for table in TABLES for field in table.settings} <= set(Settings.model_fields)


def test_what_may_hold_a_viewer_is_personal_beside_the_identifier() -> None:
    personal = {(table.name, c.name) for table in TABLES for c in table.columns if c.personal and c.name != "user_id"}

    assert personal == {
        # A log may name a viewer in a column that we do not know.
        ("bronze.interactions", "extra"),
        ("ops.quarantine", "record"),
        # Problems are told with examples.
        ("ops.refusals", "problems"),
    }
    assert all(c.personal for table in TABLES for c in table.columns if c.name == "user_id")
