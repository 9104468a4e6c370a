"""From counts to curves: what the numbers of a night's data say, exactly, whatever was counted."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

Counts = Mapping[float, int]
"""How often each value occurs."""
Point = tuple[str, str, str, float | None, float, str]
"""Picture, series, x, x as a number, y and unit."""

FIGURE = "figure"
"""Series of single numbers about a whole picture."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LANGUAGES = 19
"""Languages that are named; all others are one."""
_LORENZ_STEPS = 100
_AT_LEAST = tuple(step * 10**power for power in range(6) for step in (1, 2, 5))
_FENCE = 3.0
"""Interquartile ranges beyond a quartile from which on a value is far out (Tukey, Exploratory Data Analysis, 1977)."""
_BY_SIZE = ("vote_count", "popularity", "titles per viewer", "viewers per title")
"""Values that differ by orders of magnitude: looked at as logarithms."""
_VALUE = "value:"


def shape(night: date, counted: Iterable[tuple[str, str, str, int]]) -> list[dict[str, Any]]:
    """Rows of gold.lake_profile.

    Args:
        night: The night.
        counted: Part, what it is divided by (twice), and how many: as :mod:`jobs.gold.lake_profile` counts.

    Returns:
        In the order of the key, the same whatever order counts come in.
    """
    parts: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for part, a, b, n in counted:
        parts[part][a, b] = n
    titles = sum(parts["of_title"].values())
    points = [
        *_ratings(parts["ratings"]),
        *_events(parts["events"], parts["week"]),
        *_known(_values(parts["of_viewer"]), _values(parts["of_title"]), _catalogue(parts, titles)),
        *_titles(parts),
        *_people(parts["people"]),
        *_missing(parts["rows"], parts["missing"]),
        *_outliers(parts),
    ]
    names = ("picture", "series", "x", "x_number", "y", "unit")
    return [{"night": night, **dict(zip(names, point, strict=True))} for point in sorted(points, key=_key)]


def gini(values: Counts) -> float:
    """How unequal values are: 0 if all are alike, near 1 if one has all.

    ``G = 2 Σ i x_i / (n Σ x_i) - (n + 1) / n`` over values in ascending order, i from 1 (Gini, 1912; Sen, 1973).
    """
    many, whole = sum(values.values()), sum(value * n for value, n in values.items())
    if not whole:
        return 0.0
    before, weighted = 0, 0.0
    for value in sorted(values):
        n = values[value]
        weighted += value * (n * before + n * (n + 1) / 2)
        before += n
    return max(0.0, 2 * weighted / (many * whole) - (many + 1) / many)


def share_of_smallest(values: Counts, part: float) -> float:
    """Share of the sum that the smallest so many hold: the Lorenz curve, straight between one and the next."""
    many, whole = sum(values.values()), sum(value * n for value, n in values.items())
    left, held = part * many, 0.0
    for value in sorted(values):
        taken = min(left, values[value])
        held, left = held + value * taken, left - taken
    return min(1.0, held / whole) if whole else part


def quantile(values: Counts, part: float) -> float:
    """The smallest value that at least this share of all does not exceed."""
    wanted, seen, value = part * sum(values.values()), 0, math.nan
    for value in sorted(values):
        seen += values[value]
        if seen >= wanted:
            break
    return value


def fences(values: Counts, *, by_size: bool) -> tuple[float, float] | None:
    """What lies outside is far out; None where half of all values are one, and nothing can be said of others.

    A bound that no value lies beyond is the last value before it.
    """

    def scaled(value: float) -> float:
        return math.log1p(max(value, 0.0)) if by_size else value

    low, high = (scaled(quantile(values, part)) for part in (0.25, 0.75))
    if low == high:
        return None
    first, last, far = min(values), max(values), _FENCE * (high - low)
    below, above = low - far, high + far
    return (
        first if scaled(first) >= below else math.expm1(below) if by_size else below,
        last if scaled(last) <= above else math.expm1(above) if by_size else above,
    )


def _catalogue(parts: Mapping[str, Mapping[tuple[str, str], int]], known: int) -> int:
    """How many titles there are: those of the catalogue, or those known if more."""
    return max(known, parts["rows"].get(("silver.titles.release_year", ""), 0))


def _values(part: Mapping[tuple[str, str], int]) -> Counter[float]:
    """A part that is divided by a number, without what is none."""
    found = Counter[float]()
    for (value, _), n in part.items():
        if math.isfinite(number := float(value)):
            found[number] += n
    return found


def _ratings(part: Mapping[tuple[str, str], int]) -> Iterator[Point]:
    values, months = Counter[float](), defaultdict[str, Counter[float]](Counter)
    for (month, rating), n in part.items():
        values[float(rating)] += n
        months[month][float(rating)] += n
    bins = Counter[float]()
    for value, n in values.items():
        bins[math.floor(2 * value + 0.5) / 2] += n
    for half, n in bins.items():
        yield "ratings", "ratings", f"{half:.1f}", half, n, "ratings"
    if values:
        yield "ratings", FIGURE, "mean", None, _mean(values), "rating"
        yield "ratings", FIGURE, "median", None, quantile(values, 0.5), "rating"
    for month, of_month in months.items():
        yield "ratings_over_time", "mean", month, _year(month), _mean(of_month), "rating"
        yield "ratings_over_time", "ratings", month, _year(month), sum(of_month.values()), "ratings"


def _events(months: Mapping[tuple[str, str], int], week: Mapping[tuple[str, str], int]) -> Iterator[Point]:
    for (month, kind), n in months.items():
        yield "events", kind, month, _year(month), n, "events"
    for (day, hour), n in week.items():
        yield "week", WEEKDAYS[int(day)], f"{int(hour):02d}", float(hour), n, "events"


def _known(viewers: Counts, titles: Counts, catalogue: int) -> Iterator[Point]:
    """Activity, the long tail, and how sparse all of it is."""
    bins = Counter[int]()
    for value, n in viewers.items():
        bins[int(math.log2(value))] += n
    for power, n in bins.items():
        low, high = 2**power, 2 ** (power + 1) - 1
        yield "activity", "viewers", str(low) if low == high else f"{low} to {high}", float(low), n, "viewers"
    if not viewers:
        return
    yield "activity", FIGURE, "median", None, quantile(viewers, 0.5), "titles"
    yield "activity", FIGURE, "most", None, max(viewers), "titles"
    for name, values in (("titles", titles), ("viewers", viewers)):
        for step in range(_LORENZ_STEPS + 1):
            part = step / _LORENZ_STEPS
            yield "long_tail", name, f"{step} %", part, share_of_smallest(values, part), "share"
        yield "long_tail", FIGURE, f"gini of {name}", None, gini(values), "share"
    yield "long_tail", FIGURE, "top tenth of titles", None, 1 - share_of_smallest(titles, 0.9), "share"
    many, pairs = sum(viewers.values()), sum(int(value) * n for value, n in viewers.items())
    yield "sparsity", FIGURE, "viewers", None, many, "viewers"
    yield "sparsity", FIGURE, "titles", None, catalogue, "titles"
    yield "sparsity", FIGURE, "known pairs", None, pairs, "pairs"
    yield "sparsity", FIGURE, "known share", None, min(1.0, pairs / (many * catalogue)), "share"
    for name, values, of in (("titles", titles, catalogue), ("viewers", viewers, many)):
        for least in _AT_LEAST:
            reached = sum(n for value, n in values.items() if value >= least)
            if reached:
                yield "sparsity", name, str(least), float(least), reached / of, "share"


def _titles(parts: Mapping[str, Mapping[tuple[str, str], int]]) -> Iterator[Point]:
    for (year, _), n in parts["titles"].items():
        yield "titles", "titles", year, float(year), n, "titles"
    for (decade, genre), n in parts["genres"].items():
        yield "genres", genre, f"{decade}s", float(decade), n, "titles"
    by_decade = defaultdict[str, dict[float, int]](dict)
    for (decade, length), n in parts["runtime"].items():
        by_decade[decade][float(length)] = n
    for decade, minutes in by_decade.items():
        for series, part in (("a quarter", 0.25), ("half", 0.5), ("three quarters", 0.75)):
            yield "runtime", series, f"{decade}s", float(decade), quantile(minutes, part), "minutes"
        yield "runtime", "titles", f"{decade}s", float(decade), sum(minutes.values()), "titles"
    most = sorted(parts["languages"].items(), key=lambda one: (-one[1], one[0]))
    for rank, ((language, _), n) in enumerate(most[:LANGUAGES], start=1):
        yield "languages", "titles", language, float(rank), n, "titles"
    if others := sum(n for _, n in most[LANGUAGES:]):
        yield "languages", "titles", "all others", float(LANGUAGES + 1), others, "titles"


def _people(part: Mapping[tuple[str, str], int]) -> Iterator[Point]:
    """People by credits; of two with one name, each with the identifier."""
    named = Counter(name for _, name in part)
    most = sorted(part.items(), key=lambda one: (-one[1], one[0]))
    for rank, ((person_id, name), n) in enumerate(most, start=1):
        yield "people", "credits", name if named[name] == 1 else f"{name} ({person_id})", float(rank), n, "credits"


def _missing(rows: Mapping[tuple[str, str], int], missing: Mapping[tuple[str, str], int]) -> Iterator[Point]:
    """By column, the one that lacks most first."""
    shares = {column: missing.get((column, ""), 0) / n for (column, _), n in rows.items() if n}
    for rank, (column, share) in enumerate(sorted(shares.items(), key=lambda one: (-one[1], one[0])), start=1):
        yield "missing", "missing", column, float(rank), share, "share"


def _outliers(parts: Mapping[str, Mapping[tuple[str, str], int]]) -> Iterator[Point]:
    """By column, the one with most first, with the bounds beyond which a value counts."""
    named = {name.removeprefix(_VALUE): _values(part) for name, part in parts.items() if name.startswith(_VALUE)}
    named |= {"titles per viewer": _values(parts["of_viewer"]), "viewers per title": _values(parts["of_title"])}
    found = []
    for name, values in named.items():
        ends = fences(values, by_size=name.endswith(_BY_SIZE)) if values else None
        if ends is not None:
            outside = sum(n for value, n in values.items() if not ends[0] <= value <= ends[1])
            found.append((outside / sum(values.values()), name, ends))
    for rank, (share, name, (low, high)) in enumerate(sorted(found, key=lambda one: (-one[0], one[1])), start=1):
        yield "outliers", "outliers", name, float(rank), share, "share"
        yield "outliers", "usual from", name, float(rank), low, "value"
        yield "outliers", "usual to", name, float(rank), high, "value"


def _mean(values: Counts) -> float:
    # Ratings are counted to a tenth: whole numbers add up alike in any order.
    return sum(round(10 * value) * n for value, n in values.items()) / (10 * sum(values.values()))


def _year(month: str) -> float:
    """2026-07 as 2026.5."""
    return int(month[:4]) + (int(month[5:7]) - 1) / 12


def _key(point: Point) -> tuple[str, str, float, str]:
    picture, series, x, number, *_ = point
    return picture, series, -1.0 if number is None else number, x
