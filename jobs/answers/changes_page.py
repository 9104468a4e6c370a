"""What changed in viewers' lists on a night, as a page to read: one file, no network."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import jinja2

from jobs.answers.changes import BINS, Cause, NightChanges
from jobs.answers.changes_words import cause_in_words, headline
from jobs.answers.text import percent

_KEPT = 30
_HEIGHT = 120
"""Of the tallest bar."""
_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What changed in the lists, night {{ page.changes.night }}</title>
<style>
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --bar: #2a6fb0;
  --data: #2a6fb0; --model: #b8620f; --rules: #1a7f4b; --code: #777; }
@media (prefers-color-scheme: dark) { :root { --bar: #79b8f2; --data: #79b8f2; --model: #f0a35c; --rules: #5fce93;
  --code: #aaa; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { white-space: nowrap; text-align: right; font-variant-numeric: tabular-nums; }
.quiet { opacity: .7; } .figures { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1rem 0; }
.figures div { min-width: 7rem; } .figures b { display: block; font-size: 1.7rem; font-variant-numeric: tabular-nums; }
.stack { display: flex; height: 1.6rem; border-radius: .3rem; overflow: hidden; background: var(--line); }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; margin-right: .4rem; }
.data { background: var(--data); } .model { background: var(--model); } .rules { background: var(--rules); }
td.cause { white-space: nowrap; }
.code { background: var(--code); } svg { max-width: 100%; min-width: 36rem; height: auto; } rect { fill: var(--bar); }
text { fill: currentColor; font-size: 12px; text-anchor: middle; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 2.5rem; }
.share { background: var(--line); border-radius: .2rem; min-width: 8rem; }
@media (max-width: 30rem) { td:has(> .share), th.bar { display: none; } }
.share i { display: block; height: .8rem; border-radius: .2rem; background: var(--bar); }
</style>
</head>
<body>
<h1>What changed in the lists</h1>
<p class="quiet">night {{ page.changes.night }} beside {{ page.changes.night_before }}, whose lists were served until then</p>
<div class="figures">
<div><b>{{ page.changes.overlap | percent(1) }}</b>overlap</div>
<div><b>{{ "%.3f" % page.changes.rbo }}</b>rank-biased overlap</div>
<div><b>{{ page.changes.viewer_count | count }}</b>viewers in both nights</div>
<div><b>{{ page.changes.same_count | count }}</b>lists unchanged</div>
<div><b>{{ page.changes.new_count | count }}</b>new viewers</div>
<div><b>{{ page.changes.gone_count | count }}</b>gone</div>
</div>
{% for sentence in page.sentences %}<p>{{ sentence }}</p>
{% endfor %}
{% if page.changes.why %}
<h2>Why</h2>
<div class="stack" role="img" aria-label="{{ page.stack_in_words }}">{% for cause, width in page.stack %}
<span class="{{ cause }}" style="width: {{ "%.2f" % width }}%"></span>{% endfor %}</div>
<div class="wide"><table>
<thead><tr><th>cause</th><th class=n>new titles</th><th class=n>in order</th><th>what changed</th></tr></thead>
<tbody>{% for one in page.changes.why.causes %}<tr><td class=cause><span class="key {{ one.cause }}"></span>{{ one.cause }}</td>
<td class=n>{{ one.share | percent(2) }}</td><td class=n>{{ one.rbo_share | percent(2) }}</td>
<td>{{ page.words(one) }}</td></tr>
{% endfor %}<tr><td>together</td><td class=n>{{ page.changes.why.total | percent(2) }}</td>
<td class=n>{{ page.changes.why.rbo_total | percent(2) }}</td>
<td class="quiet">share of titles that are new; 1 - rank-biased overlap</td></tr></tbody></table></div>
<p class="quiet">Shapley shares: the lists of {{ page.changes.why.viewer_count | count }} viewers were made again in every
combination of old and new; a share is what a cause adds on average, whatever comes first.</p>
{% endif %}
<h2>Viewers by overlap, in percent</h2>
<div class="wide"><svg viewBox="0 0 {{ page.width }} {{ page.height + 44 }}" width="{{ page.width }}" role="img"
aria-label="viewers by the share of their titles that stood on the list before">
{% for bar in page.bars %}<rect x="{{ bar.x }}" y="{{ page.height + 18 - bar.height }}" width="{{ bar.width }}"
height="{{ bar.height }}"/>
<text x="{{ bar.x + bar.width / 2 }}" y="{{ page.height + 12 - bar.height }}">{{ bar.viewers | count }}</text>
<text x="{{ bar.x + bar.width / 2 }}" y="{{ page.height + 36 }}">{{ bar.label }}</text>
{% endfor %}</svg></div>
<h2>By segment</h2>
<div class="wide"><table>
<thead><tr><th>segment</th><th class=n>viewers</th><th class=n>overlap</th><th class=bar></th><th class=n>RBO</th></tr></thead>
<tbody>{% for one in page.changes.segments %}<tr><td>{{ one.segment }}</td><td class=n>{{ one.viewer_count | count }}</td>
<td class=n>{{ one.overlap | percent(1) }}</td>
<td><div class="share"><i style="width: {{ "%.1f" % (100 * one.overlap) }}%"></i></div></td>
<td class=n>{{ "%.3f" % one.rbo }}</td></tr>
{% endfor %}</tbody></table></div>
<p class="quiet">Viewers by titles that they are known to like: cold under 5, light under 50, heavy from 50.</p>
<div class="two">
{% for heading, titles in (("Came onto most lists", page.changes.entered), ("Left most lists", page.changes.left)) %}<div>
<h2>{{ heading }}</h2>
<table><thead><tr><th>title</th><th class=n>year</th><th class=n>lists</th></tr></thead>
<tbody>{% for one in titles %}<tr><td>{{ one.title }}</td>
<td class=n>{{ one.release_year if one.release_year is not none else "" }}</td>
<td class=n>{{ one.list_count | count }}</td></tr>
{% else %}<tr><td colspan="3" class="quiet">none</td></tr>{% endfor %}</tbody></table></div>
{% endfor %}</div>
<h2>Viewers whose lists changed most</h2>
<div class="wide"><table>
<thead><tr><th>viewer</th><th>segment</th><th class=n>overlap</th><th class=n>RBO</th><th class=n>new titles</th></tr></thead>
<tbody>{% for one in page.changes.changed_most %}<tr><td>{{ one.user_id }}</td><td>{{ one.segment }}</td>
<td class=n>{{ one.overlap | percent(1) }}</td><td class=n>{{ "%.3f" % one.rbo }}</td>
<td class=n>{{ one.entering_count }}</td></tr>
{% endfor %}</tbody></table></div>
<p class="quiet">One viewer side by side: reelhouse diff {{ page.changes.night }} --user USER. The figures of every viewer:
gold.recommendation_changes.</p>
</body>
</html>
"""


@dataclass(frozen=True)
class Bar:
    """One bar of the picture."""

    x: int
    width: int
    height: float
    viewers: int
    label: str


@dataclass(frozen=True)
class Page:
    """What the page shows."""

    changes: NightChanges
    height: int = _HEIGHT
    width: int = 700

    @property
    def sentences(self) -> list[str]:
        """The night in words."""
        return headline(self.changes)

    @property
    def stack(self) -> list[tuple[str, float]]:
        """Causes that brought new titles, and the percentage of the bar that each takes."""
        causes = self.changes.why.causes if self.changes.why else ()
        whole = sum(max(one.share, 0.0) for one in causes)
        return [(one.cause, 100 * one.share / whole) for one in causes if whole and one.share > 0]

    @property
    def stack_in_words(self) -> str:
        """The same for who cannot see it."""
        return ", ".join(f"{cause} {width:.0f} %" for cause, width in self.stack) or "no title is new"

    @property
    def bars(self) -> list[Bar]:
        """Viewers by overlap."""
        counts, step = self.changes.bins, self.width // BINS
        most = max(*counts, 1)
        return [
            Bar(
                at * step + 4,
                step - 8,
                self.height * count / most,
                count,
                f"{100 * at // BINS} to {100 * (at + 1) // BINS}",
            )
            for at, count in enumerate(counts)
        ]

    def words(self, cause: Cause) -> str:
        """What a cause was and became."""
        return cause_in_words(cause)


def page_address(root: Path, night: date) -> Path:
    """Where the page of a night is."""
    return root / "docs" / "changes" / f"{night}.html"


def write_page(root: Path, changes: NightChanges) -> Path:
    """Write the page of a night; the newest 30 are kept.

    Args:
        root: The home folder.
        changes: What changed.

    Returns:
        Its address.
    """
    address = page_address(root, changes.night)
    address.parent.mkdir(parents=True, exist_ok=True)
    unfinished = address.with_name(f".{address.name}")
    unfinished.write_text(render(changes), encoding="utf-8")
    unfinished.replace(address)
    for old in sorted(address.parent.glob("[!.]*.html"))[:-_KEPT]:
        old.unlink()
    return address


def render(changes: NightChanges) -> str:
    """The page; whatever comes from the data is text, never markup."""
    return _template().render(page=Page(changes))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"count": "{:,}".format, "percent": percent}
    return environment.from_string(_TEMPLATE)
