"""The command line: ``reelhouse``.

A command imports what it needs when it runs, so that those without Spark start at once.
"""

import errno
import inspect
import re
from typing import Any

import typer
from typer.core import TyperGroup

from jobs.cli import (
    acceptances,
    delivered,
    deliveries,
    diff,
    display,
    drift,
    evaluations,
    explorer,
    exports,
    feedback,
    forgetting,
    maintenance,
    models,
    nights,
    notify,
    profiles,
    publications,
    quarantined,
    replays,
    reproducing,
    resets,
    restoring,
    results,
    sql,
    status,
    titles,
    tuning,
    viewers,
)
from jobs.cli.arguments import examples
from jobs.errors import JobError, LostServerError

_TRY_AGAIN = 75
"""Exit status of a command that may succeed when it is run again as it is: EX_TEMPFAIL of sysexits.h."""

_OF_A_DISK = {errno.ENOSPC, errno.EROFS, errno.EDQUOT}
"""Errors of the system that a person mends: a disk is full or only reads, or a quota is used up."""


class _Commands(TyperGroup):
    """Commands whose JobError ends the program with status 1 and one line; anything else keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except JobError as error:
            display.fail(str(error))
            raise typer.Exit(_TRY_AGAIN if isinstance(error, LostServerError) else 1) from error
        except OSError as error:
            if error.errno not in _OF_A_DISK:
                raise
            where = f" to {error.filename}" if error.filename else ""
            display.fail(f"not done, as nothing can be written{where}: {error.strerror}; mend that, and type it again")
            raise typer.Exit(1) from error

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Commands in the order in which they are registered."""
        return list(self.commands)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("reelhouse night --sample", "reelhouse show", 'reelhouse sql "FROM gold.popular_titles LIMIT 10"'),
)


@app.callback()
def reelhouse() -> None:
    """Reelhouse: movie dumps and event logs in, an audited list of recommendations for every viewer out.

    Everything lives under one folder: REELHOUSE_HOME, var/ unless set.

    Exit status: 0 done, 1 not done (the reason is on the error stream), 2 wrong usage,
    75 not done as the Spark server was lost: run it again.
    """


app.command(epilog=nights.NIGHT_EXAMPLES)(nights.night)
app.command(epilog=nights.RUN_EXAMPLES)(nights.run)
app.command(epilog=delivered.EXAMPLES)(delivered.delivered)
app.command(epilog=deliveries.WORLD_EXAMPLES)(deliveries.world)
app.command(epilog=deliveries.FETCH_EXAMPLES)(deliveries.fetch)
app.command("import", epilog=deliveries.IMPORT_EXAMPLES)(deliveries.import_set)
app.command(epilog=evaluations.EXAMPLES)(evaluations.evaluate)
app.command(epilog=results.EXAMPLES)(results.results)
app.command(epilog=tuning.EXAMPLES)(tuning.tune)
app.command(epilog=viewers.EXAMPLES)(viewers.show)
app.command(epilog=titles.EXAMPLES)(titles.title)
app.command(epilog=diff.EXAMPLES)(diff.diff)
app.command(epilog=profiles.EXAMPLES)(profiles.profile)
app.command(epilog=explorer.EXAMPLES)(explorer.explore)
app.command(epilog=reproducing.EXAMPLES)(reproducing.reproduce)
app.command(epilog=feedback.EXAMPLES)(feedback.feedback)
app.command(epilog=forgetting.EXAMPLES)(forgetting.forget)
app.command(epilog=status.EXAMPLES)(status.status)
app.command(epilog=publications.TABLES_EXAMPLES)(publications.tables)
app.command(epilog=publications.HISTORY_EXAMPLES)(publications.history)
app.command(epilog=models.MODELS_EXAMPLES)(models.models)
app.command(epilog=models.PROMOTE_EXAMPLES)(models.promote)
app.command(epilog=acceptances.EXAMPLES)(acceptances.accept)
app.command(epilog=resets.ROLLBACK_EXAMPLES)(resets.rollback)
app.command(epilog=resets.EXAMPLES)(resets.reset)
app.command(epilog=restoring.EXAMPLES)(restoring.restore)
app.command(epilog=quarantined.EXAMPLES)(quarantined.quarantine)
app.command(epilog=drift.EXAMPLES)(drift.drift)
app.command(epilog=replays.EXAMPLES)(replays.replay)
app.command(epilog=maintenance.EXAMPLES)(maintenance.maintain)
app.command(epilog=sql.EXAMPLES)(sql.sql)
app.command(epilog=exports.EXAMPLES)(exports.export)
app.command(epilog=notify.EXAMPLES, hidden=True)(notify.notify)

for _told in (app.registered_callback, *app.registered_commands):
    # Typer keeps the line breaks of a docstring, which are where the source is full, not the screen.
    if _told:
        _told.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(_told.callback) or "")
