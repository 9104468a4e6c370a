"""The page of evidence and its pictures, where a segment has too few viewers for a figure."""

from datetime import date

from jobs.evaluation.evidence import Evidence, render
from jobs.evaluation.plots import _by_segment

WHOLE = {"ndcg_at_10": 0.2, "recall_at_10": 0.1, "coverage_at_10": 0.3, "tail_share_at_10": 0.4}
FIGURES = {f"{name}{end}": value for name, value in WHOLE.items() for end in ("", "_low", "_high")}
OF_SEGMENTS = {f"ndcg_at_10_{kind}{end}": 0.25 for kind in ("light", "heavy") for end in ("", "_low", "_high")}
MODELS = dict.fromkeys(("one", "other"), FIGURES | OF_SEGMENTS)
NIGHT = date(2026, 3, 1)


def test_a_segment_of_too_few_viewers_is_a_dash_that_is_explained() -> None:
    page = render(Evidence(NIGHT, "temporal", 70, "all well", None, MODELS, {}, [], "tables"))

    assert page.count('<td class="number">-</td>') == len(MODELS)
    assert "-: fewer than 30 viewers, cold</p>" in page


def test_where_every_segment_has_figures_there_is_no_dash() -> None:
    cold = {f"ndcg_at_10_cold{end}": 0.1 for end in ("", "_low", "_high")}
    models = {name: one | cold for name, one in MODELS.items()}

    page = render(Evidence(NIGHT, "temporal", 100, "all well", None, models, {}, [], "tables"))

    assert ">-" not in page
    assert "0.1000" in page


def test_the_name_of_a_segment_without_bars_stands_below_the_axis() -> None:
    (axes,) = _by_segment(MODELS).axes

    low, high = axes.get_xlim()
    assert all(low + 0.4 < at < high - 0.4 for at in axes.get_xticks())
    assert axes.get_xticklabels()[0].get_text() == "cold\n(fewer than 5)\ntoo few viewers"
