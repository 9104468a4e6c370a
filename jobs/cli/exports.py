"""``reelhouse export``: a table as files for a service, or for whoever reads no Delta."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jobs.cli import display
from jobs.cli.arguments import TableArgument, examples, settings
from jobs.errors import JobError

if TYPE_CHECKING:
    from jobs.settings import Settings

EXAMPLES = examples(
    "reelhouse export gold.recommendations --format jsonl --by viewer",
    "reelhouse export gold.recommendations --format parquet --by title --to lists/by-title",
    "reelhouse export gold.title_facts --format csv --replace",
)


def export(
    table: TableArgument,
    kind: Annotated[Literal["jsonl", "csv", "parquet"], typer.Option("--format", help="How files are written.")],
    by: Annotated[
        Literal["viewer", "title"] | None,
        typer.Option(help="One row a viewer, or a title, with the lists as arrays; the table's rows unless given."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A new folder; one in exports/ of the home unless given.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the export that is there.")] = False,
) -> None:
    """Write a table as files with checksums and a manifest, whole or not at all. Nothing of the lake is changed."""
    from jobs.answers.exports import export

    home = settings()
    folder = to or home.root / "exports" / "-".join([table.name, *(["by", by] if by else []), kind])
    _require_outside(home, folder, table.name)
    exported = export(home.lake, table, kind, by, folder, replace=replace)
    held = sum(file.bytes for file in exported.files) / 1e6
    version = f"{exported.version}" + (
        f" (as published by version {exported.publication})" if exported.publication != exported.version else ""
    )
    display.say(
        f"exported  {table.name}  version {version}  night {exported.night}  {exported.rows:,} rows  "
        f"{len(exported.files)} file{'' if len(exported.files) == 1 else 's'}  {held:,.1f} MB"
    )
    display.say(str(exported.folder))


def _require_outside(home: "Settings", folder: Path, what: str) -> None:
    """Refuse a place where jobs would take files for their own: for a delivery, or for rows of a table.

    Raises:
        JobError: Names it.
    """
    for name, own in (("landing", home.landing), ("the lake", Path(home.lake))):
        if folder.resolve().is_relative_to(own.resolve()):
            raise JobError(f"{what} was not exported: {folder} lies in {name}; name another folder with --to")
