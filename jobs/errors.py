"""Failures that an operator can act on, and the names that were probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


class JobError(Exception):
    """A job did not do its work, and a person can mend the cause.

    The message is one line: what did not happen, to which table or file, every problem with a few
    examples, and what to do next. Everything else that goes wrong is a bug and keeps its traceback.
    """

    def __str__(self) -> str:
        """The message on one line, whatever line breaks the data put into it."""
        return " ".join(super().__str__().split())


class LostServerError(JobError):
    """The Spark Connect server is gone: nothing is wrong with the job, and it can be run again as it is."""


class DamagedError(JobError):
    """The log of a table is damaged: that table cannot be opened, others can."""


class UnknownError(JobError):
    """There is no such viewer, title, night or page: everything else is as it should be."""


class GoneError(JobError):
    """Something of the past is not kept any more: what was asked can be done of later nights only."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name nearest to ``name``, whether or not that gives the layer."""
    by_short = {full.rpartition(".")[2]: full for full in names}
    by_name = {**by_short, **{full: full for full in by_short.values()}}
    near = get_close_matches(name.lower(), by_name, n=1)
    return by_name[near[0]] if near else None
