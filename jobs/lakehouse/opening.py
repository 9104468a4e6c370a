"""Opening a table from its log, or saying in a line why that cannot be."""

from collections.abc import Iterator
from contextlib import contextmanager

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from jobs.errors import DamagedError
from jobs.tables import Table

Edition = tuple[str, int]
"""Delta's identifier of a table, and a version of it: one that was deleted and made again has the same versions."""


def edition(delta: DeltaTable) -> Edition:
    """What a table holds."""
    return str(delta.metadata().id), delta.version()


@contextmanager
def opened(root: str, table: Table) -> Iterator[None]:
    """Say in a line what is wrong with a log that Delta cannot open a table from.

    Raises:
        DamagedError: Something is.
    """
    try:
        yield
    except TableNotFoundError:
        raise
    except DeltaError as error:
        from jobs.lakehouse import logs  # with Arrow, which whoever asks of a whole lake does without

        problems = logs.examine(root, table).problems
        if not problems:
            raise
        raise DamagedError(
            f"{table.name} cannot be opened: of its log, {'; '.join(problems)}; nothing was changed, earlier versions can "
            f"be read; `reelhouse restore {table.name}` shows them, and mends it"
        ) from error
