"""IMDb's genres: how common they are, when they flourished, and which of them belong together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Genre:
    """One genre of the planted catalogue."""

    name: str  # as IMDb writes it
    weight: float  # how often it is a title's first genre, in its heyday
    heyday: tuple[int, int]  # first and last year of its best time
    elsewhen: float  # factor on the weight outside the heyday
    troupe: int  # genres of one troupe share their directors and players
    companions: tuple[str, ...]  # genres it is paired with, most usual first
    tmdb: tuple[int, str]  # the id and name of TMDb's nearest genre


GENRES = (
    Genre("Action", 8, (1980, 2030), 0.3, 0, ("Adventure", "Thriller", "Crime", "Sci-Fi"), (28, "Action")),
    Genre("Adventure", 5, (1930, 2030), 0.8, 0, ("Action", "Family", "Fantasy", "Drama"), (12, "Adventure")),
    Genre("Animation", 4, (1985, 2030), 0.4, 1, ("Family", "Adventure", "Comedy", "Fantasy"), (16, "Animation")),
    Genre("Biography", 3, (1975, 2030), 0.6, 2, ("Drama", "History", "Music", "Sport"), (36, "History")),
    Genre("Comedy", 13, (1920, 2030), 1.0, 3, ("Romance", "Drama", "Family", "Crime"), (35, "Comedy")),
    Genre("Crime", 7, (1930, 2030), 0.7, 4, ("Drama", "Thriller", "Mystery", "Action"), (80, "Crime")),
    Genre(
        "Documentary", 5, (1990, 2030), 0.4, 5, ("Biography", "History", "Music", "Sport", "War"), (99, "Documentary")
    ),
    Genre("Drama", 15, (1920, 2030), 1.0, 2, ("Romance", "History", "Mystery", "Family"), (18, "Drama")),
    Genre("Family", 3, (1935, 2030), 0.5, 1, ("Comedy", "Adventure", "Fantasy", "Drama"), (10751, "Family")),
    Genre("Fantasy", 4, (1980, 2030), 0.4, 0, ("Adventure", "Family", "Romance", "Drama"), (14, "Fantasy")),
    Genre("Film-Noir", 20, (1941, 1958), 0.0, 4, ("Crime", "Drama", "Mystery", "Thriller"), (80, "Crime")),
    Genre("History", 3, (1950, 2030), 0.7, 2, ("Drama", "War", "Romance", "Biography"), (36, "History")),
    Genre("Horror", 7, (1968, 2030), 0.5, 6, ("Thriller", "Mystery", "Sci-Fi", "Fantasy"), (27, "Horror")),
    Genre("Music", 2, (1965, 2030), 0.6, 1, ("Drama", "Romance", "Comedy", "Biography"), (10402, "Music")),
    Genre("Musical", 6, (1930, 1965), 0.2, 1, ("Comedy", "Romance", "Family", "Drama"), (10402, "Music")),
    Genre("Mystery", 5, (1930, 2030), 0.8, 4, ("Thriller", "Crime", "Drama", "Horror"), (9648, "Mystery")),
    Genre("Romance", 6, (1930, 2030), 0.9, 3, ("Drama", "Comedy", "Music", "Fantasy"), (10749, "Romance")),
    Genre("Sci-Fi", 5, (1977, 2030), 0.4, 0, ("Thriller", "Action", "Adventure", "Drama"), (878, "Science Fiction")),
    Genre("Sport", 2, (1975, 2030), 0.4, 7, ("Drama", "Comedy", "Biography", "Family"), (18, "Drama")),
    Genre("Thriller", 7, (1960, 2030), 0.4, 4, ("Crime", "Drama", "Mystery", "Action"), (53, "Thriller")),
    Genre("War", 3, (1940, 1980), 0.6, 7, ("Drama", "History", "Action", "Romance"), (10752, "War")),
    Genre("Western", 8, (1935, 1972), 0.15, 7, ("Action", "Drama", "Adventure", "Romance"), (37, "Western")),
)
GENRE_NAMES = tuple(genre.name for genre in GENRES)
TROUPES = 1 + max(genre.troupe for genre in GENRES)
NO_GENRE = -1
# First years of the eras that viewers have a taste for; an era ends where the next begins.
ERA_STARTS = np.array([0, 1950, 1970, 1980, 1990, 2000, 2010, 2020])


def genre_weights(year: int) -> npt.NDArray[np.float64]:
    """Shares of first genres among the titles of ``year``, one per genre of ``GENRES``."""
    weights = [
        genre.weight * (1.0 if genre.heyday[0] <= year <= genre.heyday[1] else genre.elsewhen) for genre in GENRES
    ]
    return np.array(weights) / sum(weights)


def draw_genres(years: npt.NDArray[np.int64], stream: np.random.Generator) -> npt.NDArray[np.int8]:
    """Up to three genres that belong together for each title, first genre first.

    Args:
        years: Release year of each title, shape (n,).
        stream: Random stream of these titles.

    Returns:
        Positions in ``GENRES``, shape (n, 3), ``NO_GENRE`` where a title has fewer.
    """
    chance = stream.random((len(years), 5))
    genres = np.full((len(years), 3), NO_GENRE, dtype=np.int8)
    for year in np.unique(years):
        of_year = years == year
        bounds = np.cumsum(genre_weights(int(year)))
        genres[of_year, 0] = np.searchsorted(bounds[:-1], chance[of_year, 0], side="right")
    for first, genre in enumerate(GENRES):
        companions = np.array([GENRE_NAMES.index(name) for name in genre.companions], dtype=np.int8)
        rows = np.flatnonzero(genres[:, 0] == first)
        # Squared chances favour the companions named first.
        for column, share in ((1, 0.8), (2, 0.5)):
            pick = companions[(len(companions) * chance[rows, 2 * column - 1] ** 2).astype(np.int64)]
            genres[rows, column] = np.where(chance[rows, 2 * column] < share, pick, NO_GENRE)
    genres[genres[:, 1] == genres[:, 2], 2] = NO_GENRE
    return genres
