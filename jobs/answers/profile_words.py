"""Pictures of the data in words: what each shows, computed from its numbers."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from jobs.answers.text import cut, percent, safe

Point = tuple[str, str, float | None, float, str]
"""Series, x, x as a number, y and unit."""

TITLES = {
    "ratings": "Distribution of ratings",
    "ratings_over_time": "Ratings over time",
    "events": "Events over time",
    "week": "Hours of the week",
    "activity": "Activity of viewers",
    "long_tail": "The long tail",
    "sparsity": "How sparse it is",
    "titles": "Titles by year of release",
    "genres": "Genres over decades",
    "runtime": "Running time by decade",
    "languages": "Original languages",
    "people": "People with most credits",
    "missing": "Missing values",
    "outliers": "Outliers",
    "set_aside": "What quarantine caught",
}
"""Pictures in the order of the page."""
_DRAWN = {
    "ratings_over_time": ("mean",),
    "runtime": ("a quarter", "half", "three quarters"),
    "outliers": ("outliers",),
}
"""Series that are drawn, of pictures that hold others too."""
_FIGURE = "figure"
_NAME = 60
_FEW_TITLES = 20
"""Of a decade with fewer, a share of a genre says nothing."""


@dataclass(frozen=True)
class Points:
    """The numbers of one picture: those of series in order of the axis, and single ones by name."""

    rows: tuple[Point, ...]

    def __bool__(self) -> bool:
        return bool(self.rows)

    @cached_property
    def series(self) -> dict[str, list[Point]]:
        """Points by series."""
        found: dict[str, list[Point]] = {}
        for point in self.rows:
            if point[0] != _FIGURE:
                found.setdefault(point[0], []).append(point)
        return found

    @cached_property
    def figures(self) -> dict[str, float]:
        """Single numbers about all of it."""
        return {x: y for series, x, _, y, _ in self.rows if series == _FIGURE}

    def by_x(self, *series: str) -> dict[str, float]:
        """Series added up, of all unless some are named, in order of the axis."""
        points = sorted(
            (point for name, some in self.series.items() if not series or name in series for point in some),
            key=lambda point: (point[2] or 0.0, point[1]),
        )
        found = Counter[str]()
        for _, x, _, y, _ in points:
            found[x] += y  # type: ignore[assignment]
        return dict(found)


def say(name: str, points: Points) -> str:
    """What a picture shows, in one sentence."""
    if not points:
        return "Nothing was set aside." if name == "set_aside" else "There is nothing to count yet."
    return _SENTENCES[name](points)


def describe(name: str, points: Points) -> str:
    """What is drawn, for who cannot see it."""
    series = _DRAWN.get(name, tuple(points.series))
    drawn = [point for one in series for point in points.series.get(one, ())]
    if not drawn:
        return f"{TITLES[name]}: nothing is drawn."
    _, x, _, y, unit = max(drawn, key=lambda point: point[3])
    ends = sorted(drawn, key=lambda point: (point[2] or 0.0, point[1]))
    many = len(series)
    lines = f"{many} series" if many > 1 else "one series"
    return f"{TITLES[name]}: {lines} from {_named(ends[0][1])} to {_named(ends[-1][1])}; highest {_named(x)}, {_amount(y, unit)}."


def _ratings(points: Points) -> str:
    counts = points.by_x("ratings")
    most, whole = max(counts, key=lambda x: counts[x]), sum(counts.values())
    low = sum(n for x, n in counts.items() if float(x) < 5)
    return (
        f"{_count(whole)} ratings have a mean of {points.figures['mean']:.2f} of 10; {most} is given most often "
        f"({percent(counts[most] / whole, 1)}), and {percent(low / whole, 1)} are below 5."
    )


def _ratings_over_time(points: Points) -> str:
    means, counts = points.by_x("mean"), points.by_x("ratings")
    first, last = next(iter(means)), list(means)[-1]
    if len(means) == 1:
        return f"All ratings are of {first}, with a mean of {means[first]:.2f}."
    moved = means[last] - means[first]
    how = "as in" if abs(moved) < 0.05 else f"{abs(moved):.2f} {'more' if moved > 0 else 'less'} than in"
    return (
        f"The mean rating of {last} is {means[last]:.2f}, {how} {first}; most ratings are of "
        f"{_most(counts)} ({_count(max(counts.values()))})."
    )


def _events(points: Points) -> str:
    months = points.by_x()
    kinds = {name: sum(point[3] for point in some) for name, some in points.series.items()}
    whole, kind = sum(kinds.values()), _most(kinds)
    return (
        f"{_count(whole)} events from {next(iter(months))} to {list(months)[-1]}, most of them in {_most(months)}; "
        f"{percent(kinds[kind] / whole, 1)} are of type {_named(kind)}."
    )


def _week(points: Points) -> str:
    days = {name: sum(point[3] for point in some) for name, some in points.series.items()}
    hours, whole = points.by_x(), sum(days.values())
    weekend = sum(days.get(day, 0) for day in ("Saturday", "Sunday")) / whole
    hour = _most(hours)
    return (
        f"{_most(days)} is the busiest day and {hour}:00 UTC the busiest hour ({percent(hours[hour] / whole, 1)} of events); "
        f"{percent(weekend, 1)} fall on a weekend, where {percent(2 / 7, 1)} would if days were alike."
    )


def _activity(points: Points) -> str:
    bins = points.by_x("viewers")
    whole, figures = sum(bins.values()), points.figures
    few = sum(point[3] for point in points.series["viewers"] if (point[2] or 0) < 4)
    return (
        f"Half of {_count(whole)} viewers know at most {_amount(figures['median'], 'titles')}, the busiest "
        f"{_count(figures['most'])}; {percent(few / whole, 1)} know fewer than four."
    )


def _long_tail(points: Points) -> str:
    figures = points.figures
    return (
        f"The most watched tenth of the titles holds {percent(figures['top tenth of titles'], 1)} of what viewers know "
        f"(Gini {figures['gini of titles']:.2f}); among viewers it is more {_evenly(figures)} spread "
        f"(Gini {figures['gini of viewers']:.2f})."
    )


def _evenly(figures: dict[str, float]) -> str:
    return "evenly" if figures["gini of viewers"] <= figures["gini of titles"] else "unevenly"


def _sparsity(points: Points) -> str:
    figures, reached = points.figures, points.by_x("titles")
    seen = reached.get("1", 0.0)
    return (
        f"Of {_count(figures['viewers'])} viewers times {_count(figures['titles'])} titles "
        f"{percent(figures['known share'], 2)} of pairs are known; {percent(1 - seen, 1)} of the titles nobody watched, and "
        f"{percent(reached.get('10', 0.0), 1)} have at least ten viewers."
    )


def _titles(points: Points) -> str:
    years = points.by_x("titles")
    whole, middle, seen = sum(years.values()), "", 0.0
    for year, n in years.items():
        seen += n
        if not middle and 2 * seen >= whole:
            middle = year
    return (
        f"{_count(whole)} titles are from {next(iter(years))} to {list(years)[-1]}, half of them from {middle} or before; "
        f"most are of {_most(years)} ({_count(max(years.values()))})."
    )


def _genres(points: Points) -> str:
    """The genre that most titles have, and the one whose share grew or shrank most between two decades with enough."""
    whole = {name: sum(point[3] for point in some) for name, some in points.series.items()}
    decades = points.by_x()
    most = _most(whole)
    said = f"{_named(most)} is the most frequent genre ({_count(whole[most])} titles)"
    told = [decade for decade, n in decades.items() if n >= _FEW_TITLES]
    if len(told) < 2:
        return f"{said}."
    first, last = told[0], told[-1]
    shares = {
        name: tuple({x: y for _, x, _, y, _ in some}.get(at, 0.0) / decades[at] for at in (first, last))
        for name, some in points.series.items()
    }
    moved = max(sorted(shares), key=lambda name: abs(shares[name][1] - shares[name][0]))
    before, after = shares[moved]
    return (
        f"{said}; from the {first} to the {last} the share of {_named(moved)} among genres changed most, from "
        f"{percent(before, 1)} to {percent(after, 1)}."
    )


def _runtime(points: Points) -> str:
    halves, titles = points.by_x("half"), points.by_x("titles")
    told = [decade for decade in halves if titles.get(decade, 0) >= _FEW_TITLES] or list(halves)
    first, last = told[0], told[-1]
    if first == last:
        return f"Half of the titles of the {last} run for {halves[last]:.0f} minutes or less."
    return (
        f"Half of the titles of the {last} run for {halves[last]:.0f} minutes or less; of the {first} it was "
        f"{halves[first]:.0f} minutes."
    )


def _languages(points: Points) -> str:
    counts = points.by_x("titles")
    whole, unknown = sum(counts.values()), counts.get("unknown", 0.0)
    known = {name: n for name, n in counts.items() if name not in ("unknown", "all others")}
    if not known:
        return f"The language of none of {_count(whole)} titles is known."
    most = _most(known)
    return (
        f"{_named(most)} is the language of {percent(known[most] / whole, 1)} of {_count(whole)} titles; of "
        f"{percent(unknown / whole, 1)} it is unknown."
    )


def _people(points: Points) -> str:
    counts = points.by_x("credits")
    first, last = next(iter(counts)), list(counts)[-1]
    return (
        f"{_named(first)} has most credits, {_count(counts[first])}"
        + (f"; number {len(counts)} has {_count(counts[last])}" if last != first else "")
        + "."
    )


def _missing(points: Points) -> str:
    shares = points.by_x("missing")
    lacking = {name: share for name, share in shares.items() if share > 0}
    if not lacking:
        return f"None of {len(shares)} columns that may lack a value lacks any."
    first = next(iter(lacking))
    return (
        f"{_named(first)} is missing most often ({percent(lacking[first], 1)}); of {len(shares)} columns that may lack a "
        f"value {len(shares) - len(lacking)} lack none."
    )


def _outliers(points: Points) -> str:
    shares, low, high = (points.by_x(name) for name in ("outliers", "usual from", "usual to"))
    first = next(iter(shares))
    if not shares[first]:
        return f"No value of {len(shares)} columns lies further out than three interquartile ranges."
    return (
        f"{_named(first)} has most outliers: {percent(shares[first], 2)} of its values lie outside of "
        f"{low[first]:,.4g} to {high[first]:,.4g}, three interquartile ranges beyond the quartiles."
    )


def _set_aside(points: Points) -> str:
    aside, reasons = {name: sum(one[3] for one in some) for name, some in points.series.items()}, points.by_x()
    first = next(iter(reasons))
    words = {"set_aside": "set aside", "parked": "waiting"}
    told = ", ".join(
        f"{_count(n)} {words.get(name, name)}" for name, n in sorted(aside.items(), key=lambda one: -one[1])
    )
    return f"Rows by reason: {told}; the most frequent is {_named(first)} ({_count(reasons[first])})."


_SENTENCES: dict[str, Callable[[Points], str]] = {
    "ratings": _ratings,
    "ratings_over_time": _ratings_over_time,
    "events": _events,
    "week": _week,
    "activity": _activity,
    "long_tail": _long_tail,
    "sparsity": _sparsity,
    "titles": _titles,
    "genres": _genres,
    "runtime": _runtime,
    "languages": _languages,
    "people": _people,
    "missing": _missing,
    "outliers": _outliers,
    "set_aside": _set_aside,
}


def _most(counts: dict[str, float]) -> str:
    """The first that nothing exceeds."""
    return max(counts, key=lambda name: counts[name])


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _amount(number: float, unit: str) -> str:
    if unit == "share":
        return percent(number, 1)
    if unit == "rating":
        return f"{number:.2f} of 10"
    return f"{number:,.0f} {unit.removesuffix('s') if number == 1 else unit}"


def _named(text: str) -> str:
    """A name from the data."""
    return safe(cut(text, _NAME))
