"""The suite of each table, by its address."""

from importlib import import_module

from expectations.suite import Suite
from expectations.words import in_words, reference_in_words
from jobs.tables import Table, job_of


def suite_of(table: Table) -> Suite | None:
    """The suite of a table; None for those of what the suites set aside and refused."""
    if table.layer == "ops":
        return None
    module = import_module(f"expectations.{job_of(table)}")
    suite: Suite = module.SUITES[table.name] if table.layer == "bronze" else module.SUITE
    return suite


def meanings_of(suite: Suite) -> dict[str, str]:
    """What each reason code promises that a row of its table can be set aside for, in words."""
    rows = {reason: in_words(promise) for reason, promise in suite.rows.items()}
    return rows | {one.reason: reference_in_words(one) for one in suite.references} | dict(suite.faults)
