"""How each picture of the data is drawn."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from jobs.answers.lake_profile import Picture
from jobs.answers.profile_words import Points
from jobs.explorer.pictures import HEIGHT, Look, Palette, drawn, is_narrow, label, mark, name_series, stacked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BARS = 15
"""Bars that lie, at most: more cannot be read."""
_FEW = 6
"""Bars that fill a picture: fewer do not grow fat."""
_LINES = 5
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TALL = ("people", "languages", "missing", "outliers", "set_aside")
_HIGHER = 420


def height_of(name: str) -> int:
    """Pixels: a list of names takes more."""
    return _HIGHER if name in _TALL else HEIGHT


def draw(picture: Picture, look: Look) -> bytes:
    """A picture of the data as SVG."""
    how = _DRAWINGS[picture.name]
    return drawn(lambda axes, colours: how(axes, colours, picture.points), look, height_of(picture.name))


def _columns(axes: "Axes", colours: Palette, points: Points, *, series: str, unit: str) -> None:
    """A bar a place, in order of the axis."""
    counts = points.by_x(series)
    axes.bar(range(len(counts)), list(counts.values()), color=colours.main, width=0.85)
    mark(axes, list(counts))
    axes.yaxis.set_major_formatter(_number)
    axes.set_ylabel(unit)


def _lying(axes: "Axes", colours: Palette, points: Points, *, series: str, unit: str, scale: float = 1.0) -> None:
    """A bar a name, the longest above."""
    counts = list((points.by_x(series) if series else points.by_x()).items())[:_BARS]
    shown = [(name, scale * number) for name, number in counts]
    bars = axes.barh(range(len(shown)), [number for _, number in shown], color=colours.main, height=0.75)
    axes.bar_label(bars, [_short(number, unit) for _, number in shown], padding=4, color=colours.ink)
    axes.set_yticks(range(len(shown)), [label(axes, name) for name, _ in shown])
    axes.set_ylim(max(len(shown), _FEW) - 0.4, -0.6)
    axes.grid(visible=False)
    axes.margins(x=0.3 if is_narrow(axes) else 0.12)
    axes.xaxis.set_major_formatter(_number)
    axes.set_xlabel(unit)


def _over_time(axes: "Axes", colours: Palette, points: Points) -> None:
    """Events by month, a colour a type."""
    months = list(points.by_x())
    sizes = {name: sum(point[3] for point in some) for name, some in points.series.items()}
    types = {name: points.by_x(name) for name in sorted(sizes, key=lambda name: (-sizes[name], name))}
    heights = {name: [counts.get(month, 0.0) for month in months] for name, counts in types.items()}
    stacked(axes, colours, months, heights, "events")
    axes.yaxis.set_major_formatter(_number)


def _mean_over_time(axes: "Axes", colours: Palette, points: Points) -> None:
    means = points.by_x("mean")
    axes.plot(range(len(means)), list(means.values()), color=colours.main, marker="o", linewidth=2)
    axes.set_ylim(0, 10)
    mark(axes, list(means))
    axes.set_ylabel("mean rating, 0 to 10")


def _week(axes: "Axes", colours: Palette, points: Points) -> None:
    """A field an hour of the week: the darker, the more events."""
    from matplotlib.colors import LinearSegmentedColormap

    days = {name: {int(point[2] or 0): point[3] for point in some} for name, some in points.series.items()}
    cells = [[days.get(day, {}).get(hour, 0.0) for hour in range(24)] for day in _WEEKDAYS]
    shades = LinearSegmentedColormap.from_list("events", [colours.line, colours.main])
    shown = axes.pcolormesh(cells, cmap=shades, vmin=0, edgecolors="none")
    axes.set_yticks([at + 0.5 for at in range(len(_WEEKDAYS))], [day[:3] for day in _WEEKDAYS])
    hours = range(0, 24, 6 if is_narrow(axes) else 3)
    axes.set_xticks([at + 0.5 for at in hours], [f"{at:02d}:00" for at in hours])
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set_xlabel("hour, UTC")
    axes.figure.colorbar(shown, ax=axes, label="events").outline.set_visible(False)


def _long_tail(axes: "Axes", colours: Palette, points: Points) -> None:
    """Lorenz curves; the straight line is what it were if all had the same."""
    axes.plot([0, 100], [0, 100], color=colours.quiet, linewidth=1, linestyle="--", label="all alike")
    for at, name in enumerate(sorted(points.series)):
        some = points.series[name]
        places, shares = [100 * (point[2] or 0.0) for point in some], [100 * point[3] for point in some]
        axes.plot(places, shares, color=colours.at(at), linewidth=2, label=name)
    axes.set_xlabel("the least known so many % of titles, or least active of viewers")
    axes.set_ylabel("hold so many %")
    name_series(axes, colours)


def _sparsity(axes: "Axes", colours: Palette, points: Points) -> None:
    for at, name in enumerate(sorted(points.series)):
        some, other = points.series[name], "viewers" if name == "titles" else "titles"
        places, shares = [point[2] or 1.0 for point in some], [100 * point[3] for point in some]
        axes.plot(places, shares, color=colours.at(at), marker="o", linewidth=2, label=f"{name}, by {other}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(_number)
    axes.set_ylim(0, 104)
    axes.set_xlabel("at least so many")
    axes.set_ylabel("% of titles, or viewers")
    name_series(axes, colours, "upper right")


def _genres(axes: "Axes", colours: Palette, points: Points) -> None:
    """Lines of the genres with most titles: their share of what a decade's titles have for genres."""
    decades = points.by_x()
    sizes = {name: sum(point[3] for point in some) for name, some in points.series.items()}
    for at, name in enumerate(sorted(sizes, key=lambda name: (-sizes[name], name))[: _LINES + 1]):
        counts = points.by_x(name)
        shares = [100 * counts.get(decade, 0.0) / decades[decade] for decade in decades]
        axes.plot(range(len(decades)), shares, color=colours.at(at), marker="o", linewidth=2, label=label(axes, name))
    mark(axes, list(decades))
    axes.set_ylabel("% of a decade's genres")
    name_series(axes, colours, columns=3)


def _years(axes: "Axes", colours: Palette, points: Points) -> None:
    """A bar a year, where the year stands."""
    some = points.series["titles"]
    axes.bar([point[2] or 0.0 for point in some], [point[3] for point in some], color=colours.main, width=0.9)
    axes.set_ylabel("titles")


def _runtime(axes: "Axes", colours: Palette, points: Points) -> None:
    """The median, and between which bounds the middle half lies."""
    low, half, high = (points.by_x(name) for name in ("a quarter", "half", "three quarters"))
    places = range(len(half))
    axes.fill_between(places, list(low.values()), list(high.values()), color=colours.line, label="middle half")
    axes.plot(places, list(half.values()), color=colours.main, marker="o", linewidth=2, label="median")
    mark(axes, list(half))
    axes.set_ylim(bottom=0)
    axes.set_ylabel("minutes")
    name_series(axes, colours, "lower right")


def _number(value: float, _place: float) -> str:
    """A number on an axis."""
    return f"{value:,.10g}"


def _short(number: float, unit: str) -> str:
    return f"{number:,.1f}" if unit.startswith("%") else f"{number:,.0f}"


_Drawing = Callable[["Axes", Palette, Points], None]
_DRAWINGS: Mapping[str, _Drawing] = {
    "ratings": partial(_columns, series="ratings", unit="ratings"),
    "ratings_over_time": _mean_over_time,
    "events": _over_time,
    "week": _week,
    "activity": partial(_columns, series="viewers", unit="viewers by titles known"),
    "long_tail": _long_tail,
    "sparsity": _sparsity,
    "titles": _years,
    "genres": _genres,
    "runtime": _runtime,
    "languages": partial(_lying, series="titles", unit="titles"),
    "people": partial(_lying, series="credits", unit="credits"),
    "missing": partial(_lying, series="missing", unit="% of rows", scale=100),
    "outliers": partial(_lying, series="outliers", unit="% of values", scale=100),
    "set_aside": partial(_lying, series="", unit="rows"),
}
