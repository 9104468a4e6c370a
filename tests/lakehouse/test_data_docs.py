"""What a page of the Data Docs shows, and what it does not take for markup."""

import re
from datetime import date
from pathlib import Path

from jobs.lakehouse.audit.counts import Counts
from jobs.lakehouse.audit.judge import Judged
from jobs.lakehouse.audit.pages import Page, write_page
from jobs.lakehouse.staging import NO_VALUE

HOSTILE = "<script>alert('`x`')</script>"


def test_broken_promises_come_first_in_words_and_no_text_is_markup(tmp_path: Path) -> None:
    judged = [
        Judged("`title` is never null", "title:not_be_null", holds=True, found="0 of 9 rows break it"),
        Judged(f"`year` is {HOSTILE}", "year:match", holds=True, found="1 of 9 rows break it", examples=[HOSTILE]),
        Judged("a quote ` alone", "", holds=False, found="3"),
    ]
    page = Page(
        "silver.titles", "One row.", date(2026, 3, 1), f"refused: {HOSTILE}", ["`x` breaks"],
        [(NO_VALUE, Counts(broken=2)), ("2026-03-01", Counts(published=7))], "month", "a month", judged, 0.05, "abc",
    )  # fmt: skip

    text = Path(write_page(page, str(tmp_path))).read_text(encoding="utf-8")

    assert "<script" not in text
    assert [
        text.index(words) for words in ("a quote ` alone", "<code>year</code> is", "<code>title</code> is never")
    ] == sorted(
        text.index(words) for words in ("a quote ` alone", "<code>year</code> is", "<code>title</code> is never")
    )
    assert re.findall(r"<td>(no month|2026-03-01)</td>", text) == ["no month", "2026-03-01"]
    assert "<li><code>x</code> breaks</li>" in text
