"""What a reason code in ops.quarantine promises, in words."""

from importlib import import_module

from expectations.suite import Suite
from expectations.words import in_words, reference_in_words
from jobs.tables import Table, job_of

FAULTS = {
    "line:field_count": "a line has as many fields as there are columns",
    "line:not_json": "a line is one JSON object",
}
"""What readers find wrong with a record of any table."""


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
        if reason in suite.faults:
            return suite.faults[reason]
        for reference in suite.references:
            if reference.reason == reason:
                return reference_in_words(reference)
    return FAULTS.get(reason, "")
