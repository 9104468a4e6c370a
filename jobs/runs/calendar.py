"""Which nights there are: the one that is done, the next, and none of the future."""

from datetime import date, timedelta

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.sample_world import last_day
from jobs.settings import Settings
from jobs.tables import TABLES

_A_DAY = timedelta(days=1)
_IN_STEP = timedelta(days=30)
"""A lake that is further behind holds data of the past, whose days go on one by one."""


def is_done(settings: Settings, day: date) -> bool:
    """Whether the night of this day has published every gold table; a night that failed is run again instead."""
    done = _done(settings)
    return done is not None and done >= day


def next_night(settings: Settings, today: date) -> date:
    """The night that what is said now belongs to: today's, where nights keep up with the time.

    Of a sample world, and of other data of the past, it is the day after the newest night that is done; of a world without
    one its last day.
    """
    written, done = last_day(settings.landing), _done(settings)
    if written is None and (done is None or today - done <= _IN_STEP):
        return today
    return min(done + _A_DAY if done else written or today, today)


def _done(settings: Settings) -> date | None:
    """The newest night that every gold table carries, or that a person took back from it."""
    gold = [ledger.latest(settings.lake, table) for table in TABLES if table.layer == "gold"]
    return min((_settled(entry) for entry in gold if entry), default=None) if all(gold) else None


def _settled(entry: ledger.Entry) -> date:
    """The newest night that is not to be run again for the sake of a table."""
    return max(entry.night, (entry.rollback and entry.rollback.holds) or entry.night)


def require_past(night: date, today: date) -> None:
    """Refuse a night that has not begun: it would make every table as of a day of which nothing is known.

    Raises:
        JobError: It lies after today.
    """
    if night > today:
        raise JobError(f"night {night} did not run: today is {today} (UTC), and a night is a day that was delivered")
