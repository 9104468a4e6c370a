"""The nights before as a small picture: a line of numbers, the band of what is usual, and tonight as a dot."""

import math

from markupsafe import Markup

from jobs.lakehouse.audit.measured import Measured

_WIDTH, _HEIGHT, _MARGIN = 150, 34, 4
"""Pixels."""


def picture(measured: Measured) -> Markup:
    """The picture as SVG of numbers alone; a night that was accepted is a ring. Empty without nights before."""
    if not measured.history:
        return Markup("")
    numbers = [*(known.number for known in measured.history), measured.number]
    band = (measured.usual.low, measured.usual.high) if measured.usual else (numbers[-1], numbers[-1])
    low, high = min(*numbers, *band), max(*numbers, *band)

    def x(at: int) -> float:
        return _MARGIN + at * (_WIDTH - 2 * _MARGIN) / (len(numbers) - 1)

    def y(number: float) -> float:
        share = (number - low) / (high - low) if high > low and math.isfinite(high) else 0.5
        return _HEIGHT - _MARGIN - share * (_HEIGHT - 2 * _MARGIN)

    shapes = []
    if measured.usual:
        top = y(band[1])
        shapes.append(f'<rect class="band" x="0" y="{top:.1f}" width="{_WIDTH}" height="{y(band[0]) - top:.1f}"/>')
    points = " ".join(f"{x(at):.1f},{y(number):.1f}" for at, number in enumerate(numbers))
    shapes.append(f'<polyline points="{points}"/>')
    shapes += [
        f'<circle class="ring" cx="{x(at):.1f}" cy="{y(known.number):.1f}" r="2.5"/>'
        for at, known in enumerate(measured.history)
        if known.is_accepted
    ]
    tone = "odd" if measured.is_unusual else "dot"
    shapes.append(f'<circle class="{tone}" cx="{x(len(numbers) - 1):.1f}" cy="{y(numbers[-1]):.1f}" r="3"/>')
    first, value = measured.history[0], measured.measure.value
    told = f"{value(first.number)} in night {first.night}, {value(measured.number)} now"
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return Markup(f'<svg class="nights" role="img" aria-label="{told}" {size}>{"".join(shapes)}</svg>')  # noqa: S704
