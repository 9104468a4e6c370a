"""Maintenance of the whole home: tables first, then what killed runs left beside them. Without Spark."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from jobs.lakehouse import files, maintenance, quarantine
from jobs.lakehouse.maintenance import ABANDONED_AFTER, Done
from jobs.lakehouse.needed import Needed, find_needed
from jobs.settings import Settings
from jobs.tables import TABLES


@dataclass(frozen=True)
class Maintained:
    """What maintenance did, or would do."""

    done: tuple[Done, ...]
    problems: tuple[str, ...]
    """What was left undone, and why."""

    @property
    def bytes(self) -> int:
        """How many bytes went."""
        return sum(one.bytes for one in self.done)


def maintain(settings: Settings, now: datetime, *, dry_run: bool = False) -> Maintained:
    """Delete what nobody needs any more, and put small files together.

    Args:
        settings: Where everything is, and for how long it is kept.
        now: What time it is, UTC.
        dry_run: Whether to say only what would be done.

    Returns:
        What was done. Nothing is raised: what keeps it from its work is a problem that the nights do not have.
    """
    root, done, problems = settings.lake, list[Done](), list[str]()
    needed = dict[str, Needed]()
    # Of a table that cannot be read it is not known what it was made from: then no table is touched.
    with maintenance.noting("no table was touched", problems):
        needed = find_needed(root, TABLES, now, settings.keeps)
        if not dry_run:
            quarantine.settle(root)
        done += maintenance.trim_refusals(root, now - timedelta(days=settings.keeps.refusals_days), dry_run=dry_run)
    for table in (table for table in TABLES if table.name in needed):
        with maintenance.noting(f"{table.name} was left alone", problems):
            done += maintenance.put_together(root, table, dry_run=dry_run)
            if not dry_run:
                maintenance.sum_up(root, table)
            done += maintenance.delete_files(root, table, needed[table.name], now, dry_run=dry_run)
            done += maintenance.delete_commits(root, table, needed[table.name], dry_run=dry_run)
    for name, what, left in _left_overs(settings.root, now):
        done.append(Done(name, what, 1, _size(left)))
        if not dry_run:
            _remove(left)
    return Maintained(tuple(done), tuple(problems))


def _left_overs(home: Path, now: datetime) -> Iterator[tuple[str, str, Path]]:
    """What was left by runs that were killed: where, what, and its path."""
    for name, pattern in (("work", "work/*"), ("docs", "docs/data-docs/*/.*.html"), ("docs", "docs/changes/.*.html")):
        for path in sorted(home.glob(pattern)):
            if _is_old(path, now):
                yield name, "left-overs", path
    for path in files.partial_exports(home / "exports"):
        if _is_old(path, now):
            yield "exports", "left-overs", path


def _is_old(path: Path, now: datetime) -> bool:
    """Whether nothing was written there for longer than a run takes."""
    newest = max(one.lstat().st_mtime for one in (path, *path.rglob("*")))
    return now.timestamp() - newest > ABANDONED_AFTER.total_seconds()


def _size(path: Path) -> int:
    return sum(one.lstat().st_size for one in (path, *path.rglob("*")) if one.is_file())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
