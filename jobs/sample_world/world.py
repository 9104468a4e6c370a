"""A sample world: planted titles, viewers and tastes, and its deliveries day by day."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jobs.errors import JobError
from jobs.sample_world.events import draw_views, user_ids, write_event_log
from jobs.sample_world.files import delivery
from jobs.sample_world.imdb import write_imdb
from jobs.sample_world.parameters import EVENT_LOG, WorldParameters, load_parameters, save_parameters
from jobs.sample_world.snapshot import take_snapshot
from jobs.sample_world.titles import FloatArray, IntArray, found_titles, title_ids
from jobs.sample_world.tmdb import write_tmdb
from jobs.sample_world.truth import DayTruth
from jobs.sample_world.viewers import found_facets, found_viewers

_CATALOGUES = {"imdb": write_imdb, "tmdb": write_tmdb}


class World:
    """The planted truth that a world's deliveries are drawn from.

    Args:
        parameters: What the world is made from.
        until: Last day that is looked at; the last day of the first delivery unless given. Titles that appear up
            to this day (and a few weeks longer) are part of the world; earlier ones do not depend on it.
    """

    def __init__(self, parameters: WorldParameters, until: date | None = None) -> None:
        self.parameters = parameters
        self._until = until or parameters.last_day
        self.titles, self.people = found_titles(parameters, parameters.day_number(self._until))
        self.facets = found_facets(parameters, self.titles)
        self.viewers = found_viewers(parameters, self.facets)
        self.title_ids: npt.NDArray[np.str_] = np.array(title_ids(self.titles))
        self.viewer_ids: npt.NDArray[np.str_] = np.array(user_ids(parameters.viewers))

    def oracle(self, viewer_index: IntArray, day: date) -> FloatArray:
        """The planted probability that a viewer's next view of a day is a title, seen or not.

        Viewers do not watch a title twice: for a viewer with a history, set the seen titles to zero and divide by
        the sum.

        Args:
            viewer_index: Positions in ``viewer_ids``, shape (n,).
            day: A day from the first up to ``until``.

        Returns:
            Probabilities, shape (n, titles) in the order of ``title_ids``, each row summing to one; zero for titles
            that are not out yet.
        """
        if not self.parameters.first_day <= day <= self._until:
            msg = f"The world was made for {self.parameters.first_day} to {self._until}, not for {day}."
            raise ValueError(msg)
        truth = DayTruth(self.titles, self.facets, self.viewers, self.parameters.day_number(day))
        return truth.probabilities(viewer_index)


def write_world(
    landing: Path,
    parameters: WorldParameters,
    last_day: date,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[date]:
    """Write every day of a world up to ``last_day`` that is not in ``landing`` yet.

    Each day gets its event log; the last day of a call also gets the catalogue as IMDb and TMDb deliver it.

    Args:
        landing: The landing folder.
        parameters: What the world is made from; the same for every call on one landing folder.
        last_day: Last day to write.
        progress: Called with the number of deliveries written and of those to write, before the first and after each.

    Returns:
        The days of which something was written.

    Raises:
        JobError: ``last_day`` lies before the world begins, or another world is in ``landing`` already.
    """
    _check(landing, parameters, last_day)
    days = [parameters.first_day + timedelta(days=number) for number in range(parameters.day_number(last_day) + 1)]
    missing = {day for day in days if not (landing / "interactions" / str(day) / EVENT_LOG).is_file()}
    has_catalogue = all((landing / source / str(last_day)).is_dir() for source in _CATALOGUES)
    if not missing and has_catalogue:
        return []
    save_parameters(landing, parameters)
    total = len(missing) + (0 if has_catalogue else len(_CATALOGUES))
    progress(0, total)
    world = World(parameters, last_day)
    deliveries = chain(
        _write_event_logs(landing, world, missing) if missing else (),
        () if has_catalogue else _write_catalogue(landing, world, last_day),
    )
    for number, _ in enumerate(deliveries, start=1):
        progress(number, total)
    return sorted(missing | (set() if has_catalogue else {last_day}))


def _check(landing: Path, parameters: WorldParameters, last_day: date) -> None:
    if last_day < parameters.first_day:
        msg = f"The sample world was not written to {landing}: it begins on {parameters.first_day}, after {last_day}."
        raise JobError(msg)
    known = load_parameters(landing)
    if known is not None and known != parameters:
        told = parameters.model_dump()
        others = [
            f"{name} {value} (asked: {told[name]})" for name, value in known.model_dump().items() if value != told[name]
        ]
        msg = (
            f"The sample world was not continued: {landing} holds a world of other parameters: {', '.join(others)}."
            " Ask for the same ones, or write into an empty folder."
        )
        raise JobError(msg)


def _write_event_logs(landing: Path, world: World, missing: set[date]) -> Iterator[date]:
    """Draw the views from the first day on, and write the logs that are missing; the day of each when it is written."""
    parameters = world.parameters
    days = parameters.day_number(max(missing)) + 1
    for day_number, truth, views in draw_views(parameters, world.titles, world.facets, world.viewers, days):
        day = parameters.first_day + timedelta(days=day_number)
        if day not in missing:
            continue
        with delivery(landing / "interactions" / str(day)) as folder:
            write_event_log(folder / EVENT_LOG, parameters, world.titles, truth, views, day_number)
        yield day


def _write_catalogue(landing: Path, world: World, day: date) -> Iterator[date]:
    """Write the catalogue of one day as IMDb and TMDb deliver it; the day of each when it is written."""
    snapshot = take_snapshot(world.parameters, day, world.titles, world.people)
    for source, write in _CATALOGUES.items():
        with delivery(landing / source / str(day)) as folder:
            write(folder, snapshot)
        yield day
