"""``reelhouse results``: what evaluations found, model beside model, on the terminal or in a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, settings
from jobs.errors import JobError

if TYPE_CHECKING:
    from jobs.evaluation.results import Section

EXAMPLES = examples(
    "reelhouse results",
    "reelhouse results --protocol msr-stratified",
    "reelhouse results --to docs/models.md",
)


def results(
    protocol: Annotated[str, typer.Option(metavar="PROTOCOL", help="Only this one's.")] = "",
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FILE", help="Write them into this page of Markdown; a new page if it is not there."
        ),
    ] = None,
) -> None:
    """Show what `reelhouse evaluate` found, model beside model: a table per protocol and data, the best first.

    Of each model its newest evaluation counts, never the best of several; of data that changed since, only what was judged
    on the newest is shown. With --to, what stands between the lines <!-- results --> and <!-- end of results --> of the page
    is replaced, and the rest is yours.
    """
    from jobs.evaluation import results as pages
    from jobs.evaluation.protocols.found import find
    from jobs.tracking import evaluations

    if protocol:
        find(protocol)
    asked = protocol.replace("_", "-")
    found = pages.sections([one for one in evaluations.results(settings()) if asked in ("", one.protocol)])
    if not found:
        asked_for = f" of {protocol}" if protocol else ""
        raise JobError(f"there are no results{asked_for} yet; run `reelhouse evaluate popularity`, or another model")
    if to is None:
        for section in found:
            _show(section)
        display.next_step("reelhouse results --to FILE")
        return
    try:
        before = to.read_text(encoding="utf-8") if to.exists() else f"# Results\n\n{pages.BEGIN}\n{pages.END}\n"
        # What a link points to is written, and the link stays one.
        page = to.resolve()
        unfinished = page.with_name(f".{page.name}.unfinished")
        unfinished.write_text(pages.put(before, pages.markdown(found)), encoding="utf-8")
        unfinished.replace(page)
    except (OSError, UnicodeDecodeError) as refused:
        raise JobError(f"nothing was written: {to}: {refused}") from refused
    count = sum(len(section.results) for section in found)
    display.say(f"wrote {count} results in {len(found)} table{'' if len(found) == 1 else 's'} to {to}")


def _show(section: "Section") -> None:
    """One table."""
    from jobs.evaluation.results import parameters

    display.say(f"{section.data}, {section.protocol}", "bold")
    numbers = [section.main, *section.columns, "seeds", "fit, s"]
    grid = display.grid("model", section.main, "95 % interval", *numbers[1:], "parameters", right=numbers)
    for one in section.results:
        ends = [one.metrics.get(f"{section.main}_{end}") for end in ("low", "high")]
        figures = [one.metrics.get(name) for name in section.columns.values()]
        grid.add_row(
            *(display.plain(one.recommender), _figure(one.metrics.get(section.main)), " to ".join(map(_figure, ends))),
            *map(_figure, figures),
            *(str(one.seeds), f"{one.metrics.get('fit_seconds', 0.0):.1f}", display.plain(parameters(one))),
        )
    display.console().print(grid)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
