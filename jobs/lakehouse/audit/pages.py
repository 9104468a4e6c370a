"""Data Docs: a page for each table and night, with Great Expectations' verdict and ours, readable without a network."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import uuid4

import great_expectations as gx
import jinja2
import pyarrow as pa
import pyarrow.fs
from markupsafe import Markup, escape

from jobs.lakehouse.audit.counts import Counts
from jobs.lakehouse.audit.judge import Judged
from jobs.lakehouse.audit.pictures import picture
from jobs.lakehouse.staging import NO_VALUE
from jobs.lakehouse.storage import files_below, open_storage

_PAGES_KEPT = 30

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ page.table }}, night {{ page.night }}</title>
<style>
:root { color-scheme: light dark; --odd: #9a6700;
  --line: color-mix(in srgb, currentColor 18%, transparent); --good: #1a7f4b; --bad: #c0362c; }
@media (prefers-color-scheme: dark) { :root { --good: #5fce93; --bad: #ff8a80; --odd: #e3b341; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: .9em; overflow-wrap: anywhere; } .quiet { opacity: .7; } .odd { color: var(--odd); }
svg.nights { overflow: visible; } svg.nights polyline, svg.nights .ring { fill: none; stroke: currentColor; opacity: .6; }
svg.nights .band { fill: currentColor; opacity: .1; }
svg.nights .dot { fill: currentColor; } svg.nights .odd { fill: var(--odd); }
</style>
</head>
<body>
<h1>{{ page.table }}</h1>
<p class="quiet">night {{ page.night }}; {{ page.grain }}</p>
<p class="verdict {{ 'bad' if page.problems else 'good' }}">{{ page.state }}</p>
{% if page.problems %}<ul>{% for problem in page.problems %}<li>{{ problem | words }}</li>{% endfor %}</ul>{% endif %}
<h2>What became of the rows</h2>
<div class="wide"><table>
<thead><tr><th>{{ page.part_name }}</th><th class="number">offered</th><th class="number">published</th>
<th class="number">set aside</th><th class="number">waiting</th><th>reasons</th></tr></thead>
<tbody>{% for part, counts in page.parts %}<tr><td>{{ page.part(part) }}</td>
<td class="number">{{ "{:,}".format(counts.offered) }}</td><td class="number">{{ "{:,}".format(counts.published) }}</td>
<td class="number">{{ "{:,}".format(counts.broken) }}</td><td class="number">{{ "{:,}".format(counts.parked) }}</td>
<td>{% for reason, rows in counts.by_reason | dictsort %}<code>{{ reason }}</code> {{ "{:,}".format(rows) }}<br>
{% endfor %}</td></tr>
{% endfor %}</tbody></table></div>
{% if page.measured %}<h2>Volume and shape</h2>
<div class="wide"><table>
<thead><tr><th></th><th>what</th>
<th class="number">found</th><th class="number">usually</th><th class="number">stops it unless</th><th>nights before</th>
</tr></thead><tbody>{% for one in page.measured %}{% set m = one.measured %}<tr>
<td class="{{ page.tone(one) }}">{{ one.state }}</td><td>{{ m.measure.subject }}{{ " of " + m.unit.part if m.unit.part }}</td>
<td class="number">{{ m.measure.value(m.number) }}</td>
<td class="number">{{ m.measure.span(m.usual.low, m.usual.high) if m.usual else one.why_not.partition(": ")[2] }}</td>
<td class="number">{{ m.measure.span(m.allowed.low, m.allowed.high) if m.stops }}</td><td>{{ picture(m) }}</td></tr>
{% endfor %}</tbody></table></div>
<p class="quiet">What is usual is found in the newest nights before, by their median and its spread; Great Expectations
pronounces. What is unusual is said; a ring is a night that a person accepted.</p>{% endif %}
<h2>Promises</h2>
<div class="wide"><table>
<thead><tr><th></th><th>promise</th><th>found</th><th>examples</th><th>judged by</th></tr></thead>
<tbody>{% for one in page.promises %}<tr>
<td class="{{ page.tone(one) }}">{{ one.state }}
</td><td>{{ one.promise | words }}{% if one.reason %}<br><code class="quiet">{{ one.reason }}</code>{% endif %}</td>
<td>{{ one.found }}{% set share = page.share(one) %}{% if share %}<br><span class="quiet">{{ share }}</span>{% endif %}</td>
<td>{% for example in one.examples %}<code>{{ example }}</code><br>{% endfor %}</td>
<td class="quiet">{{ "Great Expectations" if one.result else "the door" }}</td></tr>
{% endfor %}</tbody></table></div>
<p class="quiet">Up to {{ "{:.4g}".format(100 * page.tolerates) }} % of the rows of {{ page.unit }} may be broken, all reasons
together. Promises about rows are judged on everything offered that could be read, those about the whole table on the rows kept.
Great Expectations {{ page.version }}; code {{ page.code }}.</p>
</body>
</html>
"""


@dataclass(frozen=True)
class Page:
    """What a page shows."""

    table: str
    grain: str
    night: date
    state: str
    """Our verdict, in a few words."""
    problems: list[str]
    parts: list[tuple[str, Counts]]
    part_name: str
    unit: str
    judged: list[Judged]
    tolerates: float
    code: str
    version: str = gx.__version__

    @property
    def measured(self) -> list[Judged]:
        """Numbers that are held against the nights before."""
        return [one for one in self.judged if one.measured]

    @property
    def promises(self) -> list[Judged]:
        """All other promises: broken ones first, then those that some rows break."""
        order = {"broken": 0, "accepted": 1}
        others = [one for one in self.judged if not one.measured]
        return sorted(others, key=lambda one: order.get(one.state, 2 if one.examples else 3))

    def part(self, name: str) -> str:
        """What a part of the table is called."""
        return f"no {self.part_name}" if name == NO_VALUE else name or "the whole table"

    def tone(self, one: Judged) -> str:
        """Whether that is good, bad, or neither."""
        return {"holds": "good", "broken": "bad", "accepted": "bad", "unusual": "odd"}.get(one.state, "quiet")

    def share(self, one: Judged) -> str:
        """Great Expectations' own percentage of broken rows, where it found any."""
        found: dict[str, Any] = one.result.result if one.result else {}
        percent = found.get("unexpected_percent")
        return f"{percent:.4g} % of the rows with a value" if percent else ""


def write_page(page: Page, docs: str) -> str:
    """Write the page of one table and night; the newest 30 nights of a table are kept.

    Args:
        page: What it shows.
        docs: Folder of the Data Docs pages, a path or URI.

    Returns:
        Its address.
    """
    filesystem, folder = open_storage(f"{docs}/{page.table}")
    filesystem.create_dir(folder, recursive=True)
    path = f"{folder}/{page.night}.html"
    # Of its own: another run may write the same page at the same time.
    unfinished = f"{folder}/.{page.night}-{uuid4().hex}.html"
    with filesystem.open_output_stream(unfinished) as file:
        file.write(_template().render(page=page).encode("utf-8"))
    filesystem.move(unfinished, path)
    _forget_old(filesystem, folder)
    return f"{docs}/{page.table}/{page.night}.html"


def _forget_old(filesystem: pa.fs.FileSystem, folder: str) -> None:
    pages = [path for path in files_below(filesystem, folder, ".html") if not path.rpartition("/")[2].startswith(".")]
    for old in pages[:-_PAGES_KEPT]:
        filesystem.delete_file(old)


def _words(text: str) -> Markup:
    """Text with what stands between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one without its other half
        return escape(text)
    codes = [
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    ]
    return Markup("").join(codes)


@cache
def _template() -> jinja2.Template:
    """The page; whatever comes from the data is text, never markup."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["words"] = _words
    return environment.from_string(_TEMPLATE, {"picture": picture})
