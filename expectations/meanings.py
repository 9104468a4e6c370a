"""What a reason code in ops.quarantine promises, in words."""

from importlib import import_module

from expectations.suite import Suite
from expectations.words import in_words, reference_in_words
from jobs.tables import Table, job_of

FAULTS = {
    "line:field_count": "a line has as many fields as there are columns",
    "line:not_json": "a line is one JSON object",
    "event_id:conflict": "two events of one id say the same: of those that do not, the first is published",
    "occurred_at:after_delivery": "an event is not of a time after the day it was delivered for",
    "value:missing": "a rating has its value",
    "title_id:twice": "a title stands on a list once for a night",
}
"""What readers and jobs find wrong with a row beside the promises of its suite."""


def suite_of(table: Table) -> Suite | None:
    """The suite of a table; None for those of what the suites set aside and refused."""
    if table.layer == "ops":
        return None
    module = import_module(f"expectations.{job_of(table)}")
    suite: Suite = module.SUITES[table.name] if table.layer == "bronze" else module.SUITE
    return suite


def meaning(table: Table, reason: str) -> str:
    """What a row with this reason breaks, or waits for; empty for a code that today's code does not know any more."""
    suite = suite_of(table)
    if suite is not None:
        if reason in suite.rows:
            return in_words(suite.rows[reason])
        for reference in suite.references:
            if reference.reason == reason:
                return reference_in_words(reference)
    return FAULTS.get(reason, "")
