"""Pictures drawn on the server: SVG whose words are words, for a light ground and a dark one, wide or for a telephone."""

import warnings
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from textwrap import fill
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from jobs.answers.text import cut, safe
from jobs.explorer.caching import unless_known

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Scheme = Literal["light", "dark"]
Place = Literal["upper left", "upper right", "lower right"]
_KEPT = 128
"""Pictures of some tens of kB each."""
_INCHES = 100
"""Pixels of one."""
WIDTHS = {"wide": 720, "narrow": 360}
"""Pixels: letters are as large in both."""
HEIGHT = 320
_LABEL, _LABEL_OF_NARROW = 44, 18
"""Characters."""
_ADDRESSES = ("bronze.", "silver.", "gold.")
_MARKS = 8
"""Words on an axis, at most."""
_TITLE_OF_NARROW = 36
"""Characters of a line of what an axis is called."""


@dataclass(frozen=True)
class Palette:
    """Colours that keep their contrast on the ground of a scheme."""

    ink: str
    quiet: str
    line: str
    main: str
    others: tuple[str, ...]

    def at(self, place: int) -> str:
        """The colour of one of several, from 0 on; they begin again where there are more."""
        return (self.main, *self.others)[place % (1 + len(self.others))]


PALETTES: dict[Scheme, Palette] = {
    "light": Palette(
        "#1d1b19",
        "#5c5751",
        "#e0dcd4",
        "#7a2e39",
        ("#2a6fb0", "#8a5a00", "#1a7f4b", "#6b4fa0", "#5c5751"),
    ),
    "dark": Palette(
        "#edeae4",
        "#aaa49b",
        "#37332f",
        "#e9a3ac",
        ("#79b8f2", "#e7b75a", "#6fd39d", "#b9a3e8", "#aaa49b"),
    ),
}
Draw = Callable[["Axes", Palette], None]


@dataclass(frozen=True)
class Look:
    """Where a picture stands."""

    scheme: Scheme = "light"
    size: Literal["wide", "narrow"] = "wide"


Looked = Annotated[Look, Depends()]
"""As a request asks for it."""


def drawn(draw: Draw, look: Look, height: int = HEIGHT) -> bytes:
    """A picture as SVG; the same of the same numbers, to the byte.

    Args:
        draw: Draws on axes that are there, in the colours of a palette.
        look: Where it stands.
        height: Pixels.
    """
    # Its import takes a third of a second, and pages without pictures do without.
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    colours, file = PALETTES[look.scheme], BytesIO()
    told: Any = {
        "svg.fonttype": "none",  # words stay words: found, read aloud, and set in the page's own letters
        "svg.hashsalt": "reelhouse",
        "text.parse_math": False,  # a $ in a name is a $
        "font.family": "sans-serif",
        "font.sans-serif": ["system-ui", "DejaVu Sans"],
        "font.size": 11,
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), colours.quiet),
        "axes.edgecolor": colours.line,
        "grid.color": colours.line,
    }
    with rc_context(told), warnings.catch_warnings():
        # The browser sets words in letters of its own: that ours lack some says nothing.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure = Figure(figsize=(WIDTHS[look.size] / _INCHES, height / _INCHES), dpi=_INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, axis="y", linewidth=0.8)
        axes.set_axisbelow(True)
        draw(axes, colours)
        if is_narrow(axes):
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_label_text(fill(axis.get_label_text(), _TITLE_OF_NARROW))
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return file.getvalue()


def is_narrow(axes: "Axes") -> bool:
    """Whether the picture is for a telephone."""
    return bool(axes.bbox.width < WIDTHS["narrow"])


def label(axes: "Axes", text: str) -> str:
    """A name from the data as a picture has room for it."""
    most = _LABEL_OF_NARROW if is_narrow(axes) else _LABEL
    if text.startswith(_ADDRESSES):  # the end of a column's address tells it from others
        while len(text) > most and "." in text:
            text = text.partition(".")[2]
    return safe(cut(text, most))


def mark(axes: "Axes", names: Sequence[str], most: int = _MARKS) -> None:
    """As many names on the axis as can be read."""
    step = max(1, -(-len(names) // (most // 2 if is_narrow(axes) else most)))
    axes.set_xticks(range(0, len(names), step), [label(axes, name) for name in names[::step]])


def name_series(axes: "Axes", colours: Palette, place: Place = "upper left", columns: int = 1) -> None:
    """Say which colour is what; above what is drawn there is room for it where it has columns."""
    columns = min(columns, 2) if is_narrow(axes) else columns
    if columns > 1:
        axes.set_ylim(0, (1.7 if is_narrow(axes) else 1.35) * (axes.dataLim.y1 or 1))
    axes.legend(
        frameon=False,
        ncols=columns,
        loc=place,
        labelcolor=colours.ink,
        columnspacing=1.2,
        handlelength=1.4,
        borderpad=0.1,
    )


def stacked(
    axes: "Axes", colours: Palette, names: Sequence[str], series: Mapping[str, Sequence[float]], unit: str
) -> None:
    """A bar a name, of what each series has there, one on the other.

    Args:
        axes: What it is drawn on.
        colours: One a series.
        names: What stands below the bars.
        series: Heights, one a name; the first stands below.
        unit: Of the heights.
    """
    bottoms = [0.0] * len(names)
    for at, (name, heights) in enumerate(series.items()):
        axes.bar(range(len(names)), heights, bottom=bottoms, color=colours.at(at), label=label(axes, name), width=0.85)
        bottoms = [low + height for low, height in zip(bottoms, heights, strict=True)]
    mark(axes, names)
    axes.set_ylabel(unit)
    name_series(axes, colours, columns=4)


class Pictures:
    """The pictures drawn last, so that what nobody published anew is not drawn anew.

    matplotlib is not safe in threads: one is drawn at a time.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def answer(self, request: Request, key: Hashable, draw: Callable[[], bytes]) -> Response:
        """A picture, unless the browser has it.

        Args:
            request: What asks for it.
            key: Names the picture and the versions of the tables that it is of.
            draw: Draws it.
        """
        return unless_known(request, key, lambda: Response(self._picture(key, draw), media_type="image/svg+xml"))

    def _picture(self, key: Hashable, draw: Callable[[], bytes]) -> bytes:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = draw()
            self._kept.move_to_end(key)
            picture = self._kept[key]
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return picture
