"""The planted catalogue as IMDb's seven dumps (https://developer.imdb.com/non-commercial-datasets/)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.sample_world.files import NULL, write_tsv
from jobs.sample_world.genres import GENRE_NAMES
from jobs.sample_world.people import COUNTRIES, FIRST_NCONST, LANGUAGES
from jobs.sample_world.prose import name_character
from jobs.sample_world.snapshot import UNRATED_BELOW, Snapshot
from jobs.sample_world.titles import KINDS, MINI_SERIES, SERIES
from jobs.sample_world.vocabulary import WORDS, phrase

FIRST_EPISODE_TCONST = 95_000_001
FIRST_ADULT_TCONST = 97_000_001
TITLES_PER_EPISODE = 8
TITLES_PER_ADULT_TITLE = 700
EPISODES_PER_SEASON = 10
MOST_SEASONS = 3
AKA_RANK_SHARE = 0.4  # the more famous titles have names in other regions
DOCUMENTARY = GENRE_NAMES.index("Documentary")
PROFESSIONS = ("", "director,writer,producer", "producer,composer,cinematographer")  # by role; players by gender


@dataclass(frozen=True)
class _Episode:
    """An episode of a series: listed, never viewed on its own."""

    tconst: str
    series: int
    season: int
    number: int

    @property
    def die(self) -> int:
        return self.season * EPISODES_PER_SEASON + self.number


def write_imdb(folder: Path, snapshot: Snapshot) -> None:
    """Write the seven files of one delivery into ``folder``."""
    episodes = _list_episodes(snapshot)
    tables = {
        "title.basics": (
            "tconst titleType primaryTitle originalTitle isAdult startYear endYear runtimeMinutes genres",
            _basics(snapshot, episodes),
        ),
        "title.ratings": ("tconst averageRating numVotes", _ratings(snapshot, episodes)),
        "title.principals": ("tconst ordering nconst category job characters", _principals(snapshot, episodes)),
        "title.crew": ("tconst directors writers", _crew(snapshot, episodes)),
        "title.akas": ("titleId ordering title region language types attributes isOriginalTitle", _akas(snapshot)),
        "title.episode": (
            "tconst parentTconst seasonNumber episodeNumber",
            ((one.tconst, snapshot.ids[one.series], one.season, one.number) for one in episodes),
        ),
        "name.basics": ("nconst primaryName birthYear deathYear primaryProfession knownForTitles", _names(snapshot)),
    }
    for name, (header, rows) in tables.items():
        write_tsv(folder / f"{name}.tsv.gz", header, rows)


def _list_episodes(snapshot: Snapshot) -> list[_Episode]:
    """Episodes of the best known series that were there before the first day."""
    old = snapshot.parameters.titles
    series = np.flatnonzero(np.isin(snapshot.titles.kind[:old], [SERIES, MINI_SERIES]))
    series = series[np.argsort(-snapshot.titles.renown[series], kind="stable")]
    episodes: list[_Episode] = []
    for position in series.tolist():
        for season in range(1, 1 + _seasons(snapshot, position)):
            for number in range(1, EPISODES_PER_SEASON + 1):
                episodes.append(_Episode(f"tt{FIRST_EPISODE_TCONST + len(episodes)}", position, season, number))
        if len(episodes) >= old // TITLES_PER_EPISODE:
            break
    return episodes


def _seasons(snapshot: Snapshot, series: int) -> int:
    """Seasons a series ran for, at most one a year since it began."""
    if snapshot.titles.kind[series] == MINI_SERIES:
        return 1
    years = snapshot.parameters.first_day.year - int(snapshot.years[series])
    return max(1, min(years, 1 + int(snapshot.titles.dice[series, 14]) % MOST_SEASONS))


def _basics(snapshot: Snapshot, episodes: list[_Episode]) -> Iterator[tuple[object, ...]]:
    titles, names = snapshot.titles, snapshot.names
    for row, tconst in enumerate(snapshot.ids):
        kind, year = int(titles.kind[row]), int(snapshot.years[row])
        # A series of three seasons may be running still.
        seasons = _seasons(snapshot, row) if kind == SERIES else MOST_SEASONS
        end = year + seasons - 1 if seasons < MOST_SEASONS else year if kind == MINI_SERIES else NULL
        genres = ",".join(snapshot.genre_lists[row])
        # IMDb does not know every length.
        minutes = NULL if titles.dice[row, 1] % 40 == 0 else int(titles.runtime_minutes[row])
        yield tconst, KINDS[kind], names.primary[row], names.original[row], 0, year, end, minutes, genres
    for one in episodes:
        name = _episode_name(snapshot, one)
        year = int(snapshot.years[one.series]) + one.season - 1
        minutes, genres = int(titles.runtime_minutes[one.series]), ",".join(snapshot.genre_lists[one.series])
        yield one.tconst, "tvEpisode", name, name, 0, year, NULL, minutes, genres
    for number in range(1, 2 + snapshot.parameters.titles // TITLES_PER_ADULT_TITLE):
        name = f"After Hours {number}"
        yield f"tt{FIRST_ADULT_TCONST + number}", "video", name, name, 1, 1990 + number % 30, NULL, 70, "Adult"


def _episode_name(snapshot: Snapshot, one: _Episode) -> str:
    """What an episode is called: by a noun of its series' genre, or by its number."""
    nouns = WORDS[GENRE_NAMES[snapshot.titles.genres[one.series, 0]]].nouns
    if snapshot.titles.dice[one.series, 2] % 4 == 0:
        return f"Episode #{one.season}.{one.number}"
    return f"The {nouns[(int(snapshot.titles.dice[one.series, 3]) + 7 * one.die) % len(nouns)]}"


def _ratings(snapshot: Snapshot, episodes: list[_Episode]) -> Iterator[tuple[object, ...]]:
    for tconst, average, votes in zip(
        snapshot.ids, snapshot.average_ratings.tolist(), snapshot.votes.tolist(), strict=True
    ):
        if votes >= UNRATED_BELOW:
            yield tconst, f"{average:.1f}", votes
    for one in episodes:
        votes = int(snapshot.votes[one.series]) // (20 + one.die)
        if votes >= UNRATED_BELOW:
            average = min(9.9, float(snapshot.average_ratings[one.series]) + 0.1 * (one.die % 9 - 4))
            yield one.tconst, f"{average:.1f}", votes


def _principals(snapshot: Snapshot, episodes: list[_Episode]) -> Iterator[tuple[object, ...]]:
    titles, is_woman = snapshot.titles, snapshot.people.is_woman
    columns = (titles.genres[:, 0], titles.language, titles.dice, titles.cast, titles.directors, titles.writers)
    rows = zip(snapshot.ids, *(column.tolist() for column in (*columns, titles.crew)), strict=True)
    of_series: dict[int, list[tuple[object, ...]]] = {one.series: [] for one in episodes}
    for row, (tconst, genre, language, dice, cast, directors, writers, crew) in enumerate(rows):
        credited: list[tuple[int, str, str, str]] = []
        for position, person in enumerate(one for one in cast if one >= 0):
            woman = bool(is_woman[person])
            if genre == DOCUMENTARY:
                credited.append((person, "self", NULL, '["Self"]'))
            else:
                character = json.dumps([name_character(language, woman, dice, position)], ensure_ascii=False)
                credited.append((person, "actress" if woman else "actor", NULL, character))
        credited += [(person, "director", NULL, NULL) for person in directors if person >= 0]
        jobs = ("written by", "screenplay")
        credited += [(person, "writer", jobs[dice[3] % 2], NULL) for person in writers if person >= 0]
        work = (("producer", "producer"), ("composer", NULL), ("cinematographer", "director of photography"))
        credited += [(person, *what, NULL) for person, what in zip(crew, work, strict=True) if person >= 0]
        for ordering, (person, *rest) in enumerate(credited, start=1):
            principal = (ordering, f"nm{FIRST_NCONST + person}", *rest)
            yield tconst, *principal
            if row in of_series:
                of_series[row].append(principal)
    for one in episodes:
        for principal in of_series[one.series]:
            yield one.tconst, *principal


def _crew(snapshot: Snapshot, episodes: list[_Episode]) -> Iterator[tuple[object, ...]]:
    directors, writers = snapshot.titles.directors.tolist(), snapshot.titles.writers.tolist()
    for tconst, direct, write in zip(snapshot.ids, directors, writers, strict=True):
        yield tconst, _nconsts(direct), _nconsts(write)
    for one in episodes:
        yield one.tconst, _nconsts(directors[one.series]), _nconsts(writers[one.series])


def _nconsts(people: list[int]) -> str:
    return ",".join(f"nm{FIRST_NCONST + person}" for person in people if person >= 0) or NULL


def _akas(snapshot: Snapshot) -> Iterator[tuple[object, ...]]:
    names, languages = snapshot.names, snapshot.titles.language.tolist()
    famous = np.quantile(snapshot.titles.renown[: snapshot.parameters.titles], 1 - AKA_RANK_SHARE)
    is_famous = (snapshot.titles.renown >= famous).tolist()
    for row, tconst in enumerate(snapshot.ids):
        own, ideas = languages[row], names.translations[row]
        akas = [(names.original[row], NULL, NULL, "original", 1)]
        akas.append((names.original[row], COUNTRIES[own], NULL, "imdbDisplay", 0))
        if own:
            akas.append((names.primary[row], "US", NULL, "imdbDisplay", 0))
        if is_famous[row]:
            akas.append((names.primary[row], "CA", "en", "imdbDisplay", 0))
        if is_famous[row] and ideas is not None:
            abroad = (other for other in range(1, len(LANGUAGES)) if other != own)
            akas.extend((phrase(ideas, other), COUNTRIES[other], NULL, "imdbDisplay", 0) for other in abroad)
        for ordering, (title, region, language, kind, is_original) in enumerate(akas, start=1):
            yield tconst, ordering, title, region, language, kind, NULL, is_original


def _names(snapshot: Snapshot) -> Iterator[tuple[object, ...]]:
    """Everybody who is credited, with the best known of their titles."""
    titles, people = snapshot.titles, snapshot.people
    credited = np.column_stack([titles.cast, titles.directors, titles.writers, titles.crew])
    title, column = np.nonzero(credited >= 0)
    person = credited[title, column]
    order = np.lexsort((title, -titles.renown[title], person))
    person, title = person[order], title[order]
    firsts = np.flatnonzero(np.diff(person, prepend=-1))
    ends = np.append(firsts[1:], len(person))
    columns = (people.birth_year, people.death_year, people.role, people.is_woman, people.chances[:, 0])
    facts = zip(*(column[person[firsts]].tolist() for column in columns), strict=True)
    for first, end, (birth, death, role, is_woman, chance) in zip(firsts.tolist(), ends.tolist(), facts, strict=True):
        known = list(dict.fromkeys(title[first:end].tolist()))[:4]
        who = int(person[first])
        profession = PROFESSIONS[role] or ("actress" if is_woman else "actor")
        yield (
            f"nm{FIRST_NCONST + who}",
            snapshot.person_names[who],
            NULL if chance > 0.85 else birth,  # IMDb does not know everybody's birthday
            death or NULL,
            profession,
            ",".join(snapshot.ids[one] for one in known),
        )
