"""What a decision rests on, as a page to read and as a card of each model."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import jinja2

from jobs.evaluation.promotion import Decision
from jobs.evaluation.segments import LEAST_SHOWN, SEGMENTS

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>model.champion, night {{ page.night }}</title>
<style>
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent);
  --promoted: #1a7f4b; --rejected: #c0362c; --waits: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --promoted: #5fce93; --rejected: #ff8a80; --waits: #e3b341; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { font-weight: 600; } .promoted { color: var(--promoted); } .rejected { color: var(--rejected); }
.waits { color: var(--waits); } .wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.quiet { opacity: .7; } img { max-width: 100%; background: white; border-radius: .3rem; margin: .4rem 0; }
</style>
</head>
<body>
<h1>model.champion</h1>
<p class="quiet">night {{ page.night }}; {{ page.protocol }}; {{ "{:,}".format(page.viewers) }} viewers judged</p>
<p class="verdict">{{ page.summary }}</p>
{% if page.waiting %}<p>To decide: <code>reelhouse promote {{ page.waiting }} --reason "…"</code>, or approve it in Airflow's
<code>train</code>. Left alone, it does not serve.</p>{% endif %}
<h2>Models</h2>
<div class="wide"><table>
<thead><tr><th>model</th><th class="number">nDCG@10</th><th class="number">95 % interval</th>
{% for segment in page.segments %}<th class="number">{{ segment }}</th>{% endfor %}
<th class="number">recall@10</th><th class="number">coverage@10</th><th class="number">long tail@10</th></tr></thead>
<tbody>{% for name, one in page.metrics.items() %}<tr><td>{{ name }}</td>
<td class="number">{{ "%.4f" % one.ndcg_at_10 }}</td>
<td class="number">{{ "%.4f" % one.ndcg_at_10_low }} to {{ "%.4f" % one.ndcg_at_10_high }}</td>
{% for segment in page.segments %}<td class="number">{% if "ndcg_at_10_" ~ segment in one %}
{{ "%.4f" % one["ndcg_at_10_" ~ segment] }}{% else %}-{% endif %}</td>{% endfor %}
<td class="number">{{ "%.4f" % one.recall_at_10 }}</td><td class="number">{{ "%.3f" % one.coverage_at_10 }}</td>
<td class="number">{{ "%.3f" % one.tail_share_at_10 }}</td></tr>
{% endfor %}</tbody></table></div>
{% if page.too_few %}<p class="quiet">-: fewer than {{ page.least }} viewers, {{ page.too_few | join(", ") }}</p>{% endif %}
{% for name, decision in page.decisions.items() %}
<h2>{{ name }}: <span class="{{ decision.verdict }}">{{ decision.verdict }}</span></h2>
<p>{{ decision.reasons | join("; ") }}</p>
<div class="wide"><table>
<thead><tr><th>what</th><th class="number">difference</th><th class="number">interval</th><th class="number">held against</th>
<th></th></tr></thead>
<tbody>{% for figure in decision.figures %}<tr><td>{{ figure.name }}</td>
<td class="number">{{ "%+.4f" % figure.difference.mean }}</td>
<td class="number">{{ "%+.4f" % figure.difference.low }} to {{ "%+.4f" % figure.difference.high }}</td>
<td class="number">{{ "%+g" % figure.limit }}</td>
<td class="{{ figure.verdict }}">{{ figure.why }}</td></tr>
{% endfor %}</tbody></table></div>
{% endfor %}
<h2>Pictures</h2>
{% for name, picture in page.pictures.items() %}<img alt="{{ name }}" src="data:image/png;base64,{{ picture }}">
{% endfor %}
<p class="quiet">{{ page.made_of }}. What the rules are and why: docs/data-scientists.md and docs/decisions.</p>
</body>
</html>
"""


@dataclass(frozen=True)
class Evidence:
    """What the page shows."""

    night: date
    protocol: str
    viewers: int
    summary: str
    """What was decided, in a line."""
    waiting: int | None
    """The version that waits for a person."""
    metrics: Mapping[str, Mapping[str, float]]
    """By model, as people read its name."""
    decisions: Mapping[str, Decision]
    files: Sequence[Path]
    """Pictures."""
    made_of: str
    """Versions of the tables and of the code."""

    @property
    def segments(self) -> list[str]:
        """Segments of viewers."""
        return list(SEGMENTS)

    @property
    def too_few(self) -> list[str]:
        """Segments of too few viewers for a figure."""
        return [name for name in SEGMENTS if not any(f"ndcg_at_10_{name}" in one for one in self.metrics.values())]

    @property
    def least(self) -> int:
        """Viewers that a segment needs for a figure."""
        return LEAST_SHOWN

    @property
    def pictures(self) -> dict[str, str]:
        """The pictures inside the page, which needs no other file."""
        return {file.stem: base64.b64encode(file.read_bytes()).decode("ascii") for file in self.files}


def render(page: Evidence) -> str:
    """The page; whatever comes from the data is text, never markup."""
    return _template().render(page=page)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_TEMPLATE)


def card(
    what: str, trained_on: str, name: str, metrics: Mapping[str, Mapping[str, float]], decision: Decision | None
) -> str:
    """A model's card: what it is, what it learned from, where it is good and where it is bad.

    Args:
        what: The recipe in words.
        trained_on: What it learned from.
        name: The model, as people read its name.
        metrics: Figures of every model of its night.
        decision: What the gate decided, if it was asked.
    """
    mine, others = metrics[name], {other: one for other, one in metrics.items() if other != name}
    # MLflow's page shows the first lines only, until it is asked for more.
    lines = [
        f"# {name}",
        "",
        f"**nDCG@10** {mine['ndcg_at_10']:.4f} (95 %: {mine['ndcg_at_10_low']:.4f} to {mine['ndcg_at_10_high']:.4f}), "
        f"coverage {mine['coverage_at_10']:.3f}, long tail {mine['tail_share_at_10']:.3f}, "
        f"of {mine['judged_viewers']:,.0f} viewers",
        "",
    ]
    if decision:
        lines += [f"**The gate**: {decision.verdict}; {'; '.join(decision.reasons)}", ""]
    keys = {f"ndcg_at_10_{segment}": f"{segment} viewers" for segment in SEGMENTS}
    keys |= {"coverage_at_10": "breadth of the catalogue", "tail_share_at_10": "the long tail"}
    for heading, is_end in (("Good at", max), ("Bad at", min)):
        ends = [
            words
            for key, words in keys.items()
            if key in mine and mine[key] == is_end(one[key] for one in metrics.values())
        ]
        lines += [
            f"**{heading}**, beside the others of its night: {', '.join(ends) if others and ends else 'nothing'}",
            "",
        ]
    return "\n".join([*lines, what, "", f"**Trained on** {trained_on}", ""])
