"""What a person may overrule: limits of publications that were refused. Without Spark."""

from datetime import date

from jobs.errors import JobError
from jobs.lakehouse import refusals
from jobs.lakehouse.refusals import Acceptance
from jobs.settings import Settings
from jobs.tables import tables_of


def plan(settings: Settings, job: str, night: date, by: str, reason: str) -> Acceptance:
    """The limits that a refused night broke; only these are overruled when it is run again.

    Args:
        settings: Where everything is.
        job: Name of a table or a source.
        night: The night that was refused.
        by: Who overrules them.
        reason: Why.

    Raises:
        JobError: Nothing of the job was refused for the night, or it broke a promise, or there is no reason.
    """
    if not reason.strip():
        raise JobError("nothing was accepted: those who ask later want a reason; give one with --reason")
    tables, newest = tables_of(job), refusals.newest(settings.lake)
    told = [(table, newest[table.name, night]) for table in tables if (table.name, night) in newest]
    open_ = [refusal for table, refusal in told if not refusals.is_settled(settings.lake, table, refusal)]
    if told and not open_:
        raise JobError(f"nothing was accepted: {job} was published for {night} since it was refused")
    if not open_:
        names = {table.name for table in tables}
        nights = sorted({str(day) for name, day in newest if name in names})
        others = f"; refused were {', '.join(nights)}" if nights else ""
        raise JobError(f"nothing was accepted: nothing of {job} was refused for {night}{others}")
    for refusal in open_:
        if not refusal.limits:
            raise JobError(
                f"nothing was accepted: {refusal.table_name} breaks promises for {night} that nobody can overrule: "
                f"{'; '.join(refusal.problems)}{refusal.page and f'; see {refusal.page}'}"
            )
    return Acceptance(by, reason, {refusal.table_name: refusal.limits for refusal in open_}, night)
