"""What viewers do: views drawn from the planted truth day by day, and the event log of a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jobs.sample_world.files import write_gzip
from jobs.sample_world.parameters import WorldParameters
from jobs.sample_world.titles import FIRST_TMDB_MOVIE, IntArray, Titles, new_titles_per_day, title_ids
from jobs.sample_world.truth import DayTruth
from jobs.sample_world.viewers import ASSURED_DAYS, POPULARITY, Facets, Viewers

EVENTS_PER_VIEW = 2.04  # of all types together: views are about half of a day's log
WEEKDAYS = (0.86, 0.84, 0.88, 0.95, 1.12, 1.27, 1.08)  # Monday to Sunday, mean 1
# Share of views that start in each hour of the day (UTC): breakfast, lunch, and a long evening.
HOURS = (2, 1, 1, 1, 1, 1, 2, 3, 3, 3, 4, 4, 6, 6, 5, 5, 6, 8, 12, 16, 18, 14, 8, 4)
DRAW_ROUNDS = 8  # a title seen before is drawn anew so many times
FILTER_SLOTS_PER_VIEW = 12  # of the filter of seen titles: about one draw in twelve is turned away for nothing
PREVIEW_SHARE = 0.0004  # of views, and the first of each day, are of a title that the catalogue lists only tomorrow
TMDB_NAMED_SHARE = 0.036  # of views of films that TMDb knows are logged under its identifier
BROWSING_SHARES = {"watchlist": 0.10, "dismiss": 0.05}  # of the number of views
SOURCES = ("tv", "app", "web")
SOURCE_SHARES = (0.55, 0.30, 0.15)

EVENT_TYPES = ("view", "complete", "rating", "like", "dislike", "watchlist", "dismiss")
VIEW, COMPLETE, RATING, LIKE, DISLIKE, WATCHLIST, DISMISS = range(len(EVENT_TYPES))
# JSON of every value an event may have: null, shares watched by hundredths, ratings by halves.
VALUES = ("null", *(f"{share / 100}" for share in range(101)), *(f"{half / 2}" for half in range(21)))
NO_VALUE, FIRST_SHARE, FIRST_RATING = 0, 1, 102
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Views:
    """The views of one day: who watched what; one entry a view."""

    viewers: IntArray
    titles: IntArray


class SeenFilter:
    """Whom was shown what: a Bloom filter of one hash, so that nobody watches a title twice.

    It never forgets a view; about one unseen title in ``FILTER_SLOTS_PER_VIEW`` is taken for a seen one, at random
    and whatever the taste (Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970).
    """

    def __init__(self, expected_views: int) -> None:
        self._is_seen = np.zeros(1 << (FILTER_SLOTS_PER_VIEW * expected_views).bit_length(), dtype=np.bool_)

    def admit(self, viewers: IntArray, titles: IntArray) -> npt.NDArray[np.bool_]:
        """Which of the views are first ones; they are seen from now on."""
        keys = viewers.astype(np.uint64) << np.uint64(32) | titles.astype(np.uint64)
        # Finaliser of MurmurHash3.
        for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
            keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
        slots = ((keys ^ (keys >> np.uint64(33))) & np.uint64(len(self._is_seen) - 1)).astype(np.int64)
        is_first = np.zeros(len(slots), dtype=np.bool_)
        is_first[np.unique(slots, return_index=True)[1]] = True
        is_first &= ~self._is_seen[slots]
        self._is_seen[slots[is_first]] = True
        return is_first


def draw_views(
    parameters: WorldParameters, titles: Titles, facets: Facets, viewers: Viewers, days: int
) -> Iterator[tuple[int, DayTruth, Views]]:
    """The views of each of the first ``days`` days, in order.

    A day's views depend on the earlier ones through what was seen, so they are always drawn from the first day on:
    that is cheap, and makes a day the same whichever days were written before it.

    Yields:
        Day number, the truth of that day, and its views in random order.
    """
    filter_days = max(parameters.days, 2 * ASSURED_DAYS)
    seen = SeenFilter(int(filter_days * parameters.events_per_day / EVENTS_PER_VIEW) + parameters.viewers)
    for day_number in range(days):
        stream = parameters.stream("views", day_number)
        truth = DayTruth(titles, facets, viewers, day_number)
        pending = stream.permutation(_count_views(parameters, viewers, day_number, stream))
        drawn_viewers, drawn_titles = [], []
        for _ in range(DRAW_ROUNDS):
            drawn = truth.draw(pending, stream.random((len(pending), 2)))
            is_first = seen.admit(pending, drawn)
            drawn_viewers.append(pending[is_first])
            drawn_titles.append(drawn[is_first])
            pending = pending[~is_first]
        views = Views(np.concatenate(drawn_viewers), np.concatenate(drawn_titles))
        yield day_number, truth, _with_previews(parameters, views, day_number, seen, stream)


def _count_views(
    parameters: WorldParameters, viewers: Viewers, day_number: int, stream: np.random.Generator
) -> IntArray:
    """The viewer of each view of a day, as often as he watches."""
    everyone = np.arange(parameters.viewers)
    weekday = (parameters.first_day + timedelta(days=day_number)).weekday()
    assured = (everyone + day_number) % ASSURED_DAYS == 0
    mean = parameters.events_per_day / EVENTS_PER_VIEW - parameters.viewers / ASSURED_DAYS
    counts = stream.poisson(max(0.0, mean) * WEEKDAYS[weekday] * viewers.activity) + assured
    return np.repeat(everyone, counts)


def _with_previews(
    parameters: WorldParameters, views: Views, day_number: int, seen: SeenFilter, stream: np.random.Generator
) -> Views:
    """The views, a few of them of titles that appear on the next day: nobody can know those yet."""
    per_day = new_titles_per_day(parameters)
    is_preview = stream.random(len(views.titles)) < PREVIEW_SHARE
    tomorrow = parameters.titles + (day_number + 1) * per_day + stream.integers(0, per_day, len(views.titles))
    is_preview[:1] = True  # on every day
    is_preview[is_preview] = seen.admit(views.viewers[is_preview], tomorrow[is_preview])
    return Views(views.viewers, np.where(is_preview, tomorrow, views.titles))


@dataclass(frozen=True)
class _Events:
    """Events of one day, one entry per event."""

    viewers: IntArray
    titles: IntArray
    types: IntArray
    values: IntArray  # position in VALUES
    seconds: IntArray  # since midnight UTC
    sources: IntArray
    is_named_by_tmdb: npt.NDArray[np.bool_]

    def pick(self, rows: npt.NDArray[np.bool_], event_type: int, values: IntArray, after: IntArray) -> "_Events":
        """What follows some of these events: the same viewer and title, some seconds later."""
        return _Events(
            self.viewers[rows],
            self.titles[rows],
            np.full(int(rows.sum()), event_type),
            values[rows],
            np.minimum(self.seconds + after, DAY_SECONDS - 1)[rows],
            self.sources[rows],
            self.is_named_by_tmdb[rows],
        )


def write_event_log(
    file: Path, parameters: WorldParameters, titles: Titles, truth: DayTruth, views: Views, day_number: int
) -> int:
    """Write the log of one day, in the order of the events; return how many there are."""
    day = parameters.first_day + timedelta(days=day_number)
    stream = parameters.stream("reactions", day_number)
    events = [*_react(titles, truth, views, stream), *_browse(parameters, titles, truth, views, stream)]
    columns = {name: np.concatenate([getattr(part, name) for part in events]) for name in _Events.__dataclass_fields__}
    # A stable sort: what follows a view in the same second stays behind it.
    order = np.argsort(columns["seconds"], kind="stable")
    lines = _format(_Events(**{name: values[order] for name, values in columns.items()}), titles, day)
    write_gzip(file, lines)
    return len(lines)


def _react(titles: Titles, truth: DayTruth, views: Views, stream: np.random.Generator) -> list[_Events]:
    """The views with their shares, and what follows them: completion, rating, like, dislike."""
    count = len(views.viewers)
    liking = 5.3 + 0.9 * titles.quality[views.titles] + 3.2 * truth.match(views.viewers, views.titles)
    liking += stream.normal(0.0, 1.1, count)
    is_complete = stream.random(count) < 1 / (1 + np.exp(-0.7 * (liking - 6.0)))
    share = np.where(is_complete, stream.uniform(0.92, 1.0, count), 0.92 * stream.beta(1.2, 1.6, count))
    hundredths = np.maximum(1, np.round(100 * share)).astype(np.int64)
    lengths = 60 * np.minimum(titles.runtime_minutes[views.titles], 240)
    started = _seconds(count, stream)
    is_named_by_tmdb = titles.is_on_tmdb[views.titles] & (stream.random(count) < TMDB_NAMED_SHARE)
    viewed = _Events(
        views.viewers,
        views.titles,
        np.full(count, VIEW),
        FIRST_SHARE + hundredths,
        # The night's log ends at midnight: the last showings start early enough to end, and be rated, before.
        np.minimum(started, DAY_SECONDS - 1 - lengths - 900),
        stream.choice(len(SOURCES), count, p=SOURCE_SHARES),
        is_named_by_tmdb,
    )
    chance, after = stream.random((3, count)), lengths + stream.integers(20, 900, count)
    is_rated = chance[0] < np.where(is_complete, 0.32, 0.06)
    half_steps = np.clip(np.round(2 * liking), 0, 20).astype(np.int64)
    nothing = np.full(count, NO_VALUE)
    return [
        viewed,
        viewed.pick(is_complete, COMPLETE, nothing, lengths),
        viewed.pick(is_rated, RATING, FIRST_RATING + half_steps, after),
        viewed.pick((liking > 7.5) & (chance[1] < 0.25), LIKE, nothing, after),
        viewed.pick((liking < 4.0) & (chance[2] < 0.25), DISLIKE, nothing, after),
    ]


def _browse(
    parameters: WorldParameters, titles: Titles, truth: DayTruth, views: Views, stream: np.random.Generator
) -> list[_Events]:
    """What is done without watching: titles kept for later, to the taste; titles waved away, popular but not to it."""
    browsing = []
    for event_type, share in ((WATCHLIST, BROWSING_SHARES["watchlist"]), (DISMISS, BROWSING_SHARES["dismiss"])):
        viewers = stream.choice(views.viewers, int(share * len(views.viewers)))
        if event_type == WATCHLIST:
            chosen = truth.draw(viewers, stream.random((len(viewers), 2)))
        else:
            chosen = truth.draw_from(np.full(len(viewers), POPULARITY), stream.random(len(viewers)))
        pairs = viewers * (len(titles) + 1) + chosen
        is_new = ~np.isin(pairs, views.viewers * (len(titles) + 1) + views.titles)
        if event_type == DISMISS and parameters.tastes:
            is_new &= truth.match(viewers, chosen) == 0
        count = len(viewers)
        sources = stream.choice(len(SOURCES), count, p=SOURCE_SHARES)
        found = _Events(
            viewers,
            chosen,
            np.full(count, event_type),
            np.full(count, NO_VALUE),
            _seconds(count, stream),
            sources,
            titles.is_on_tmdb[chosen] & (stream.random(count) < TMDB_NAMED_SHARE),
        )
        browsing.append(found.pick(is_new, event_type, found.values, np.zeros(count, dtype=np.int64)))
    return browsing


def _seconds(count: int, stream: np.random.Generator) -> IntArray:
    """Seconds since midnight, by the rhythm of the day."""
    hours = stream.choice(24, count, p=np.array(HOURS) / sum(HOURS))
    return np.asarray(3_600 * hours + stream.integers(0, 3_600, count))


def _format(events: _Events, titles: Titles, day: date) -> list[str]:
    """One JSON object per line, as documented for event logs."""
    names = title_ids(titles)
    prefix = f"{day:%Y%m%d}"
    clock = [f"{day}T{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60)]
    rows = zip(
        events.viewers.tolist(),
        events.titles.tolist(),
        events.types.tolist(),
        events.values.tolist(),
        events.seconds.tolist(),
        events.sources.tolist(),
        events.is_named_by_tmdb.tolist(),
        strict=True,
    )
    return [
        f'{{"event_id":"{prefix}-{number:07d}","user_id":"u{viewer:06d}",'
        f'"title_id":"{f"tmdb:{FIRST_TMDB_MOVIE + title}" if by_tmdb else names[title]}",'
        f'"event_type":"{EVENT_TYPES[event_type]}","value":{VALUES[value]},'
        f'"occurred_at":"{clock[second // 60]}{second % 60:02d}Z","source":"{SOURCES[source]}"}}\n'
        for number, (viewer, title, event_type, value, second, source, by_tmdb) in enumerate(rows)
    ]


def user_ids(viewers: int) -> list[str]:
    """Identifiers of the first ``viewers`` viewers."""
    return [f"u{position:06d}" for position in range(viewers)]
