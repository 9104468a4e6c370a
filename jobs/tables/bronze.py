"""bronze: what was delivered, unchanged. Every column a string, one partition per delivery, and no key: dumps repeat rows."""

from dataclasses import replace

from jobs.tables.table import Column, Owner, Source, Table

_EXTRA = "extra"
_EVERY_BRONZE_ROW = (
    Column(_EXTRA, "map<string,string>", "Columns of the file that this definition does not know, by name."),
    Column("file", "string", "Name of the file the row came from.", nullable=False),
    Column("night", "date", "Day of the delivery.", nullable=False),
)


def _strings(personal: tuple[str, ...] = (), literals: tuple[str, ...] = (), /, **comments: str) -> tuple[Column, ...]:
    """String columns with their comments, then what every bronze row carries.

    ``personal`` names those of viewers, ``literals`` those that hold Python literals.
    """
    delivered = tuple(Column(name, "string", comment, literal=name in literals) for name, comment in comments.items())
    return tuple(replace(column, personal=column.name in personal) for column in (*delivered, *_EVERY_BRONZE_ROW))


_WEEKLY = 7
"""Days within which a catalogue that changes daily is delivered again: a week without the newest titles is borne."""


def _snapshot(
    name: str,
    grain: str,
    files: tuple[str, ...],
    columns: tuple[Column, ...],
    owner: Owner = "catalogue",
    *,
    fresh_within_days: int | None = None,
) -> Table:
    """A catalogue or list delivered whole each time; the last three deliveries are kept."""
    return Table(
        name=name,
        grain=grain,
        owner=owner,
        key=(),
        columns=columns,
        kind="snapshot",
        partitioned_by="night",
        keeps=3,
        files=files,
        fresh_within_days=fresh_within_days,
    )


IMDB_TITLE_BASICS = _snapshot(
    "bronze.imdb_title_basics",
    "One row per title of an IMDb delivery.",
    ("title.basics.tsv.gz", "title.basics.tsv"),
    _strings(
        tconst="IMDb title identifier, e.g. tt0111161.",
        titleType="movie, short, tvSeries, tvMiniSeries, tvEpisode, tvMovie, video, …",
        primaryTitle="The more popular title.",
        originalTitle="Title in the original language.",
        isAdult="1: adult title.",
        startYear="Year of release; for a series, its first year.",
        endYear="Last year of a series.",
        runtimeMinutes="Running time in minutes.",
        genres="Up to three genres, comma separated.",
    ),
    fresh_within_days=_WEEKLY,
)
IMDB_TITLE_RATINGS = _snapshot(
    "bronze.imdb_title_ratings",
    "One row per rated title of an IMDb delivery.",
    ("title.ratings.tsv.gz", "title.ratings.tsv"),
    _strings(
        tconst="IMDb title identifier.",
        averageRating="Weighted average of the users' ratings, 1 to 10.",
        numVotes="Number of votes.",
    ),
    fresh_within_days=_WEEKLY,
)
IMDB_TITLE_PRINCIPALS = _snapshot(
    "bronze.imdb_title_principals",
    "One row per title and position in its list of principal cast and crew.",
    ("title.principals.tsv.gz", "title.principals.tsv"),
    _strings(
        tconst="IMDb title identifier.",
        ordering="Position in the title's list, from 1.",
        nconst="IMDb name identifier, e.g. nm0000151.",
        category="actor, actress, director, writer, self, …",
        job="The specific job, if any.",
        characters="JSON list of the characters played.",
    ),
    fresh_within_days=_WEEKLY,
)
IMDB_TITLE_CREW = _snapshot(
    "bronze.imdb_title_crew",
    "One row per title of an IMDb delivery.",
    ("title.crew.tsv.gz", "title.crew.tsv"),
    _strings(
        tconst="IMDb title identifier.",
        directors="Comma separated name identifiers.",
        writers="Comma separated name identifiers.",
    ),
    fresh_within_days=_WEEKLY,
)
IMDB_TITLE_AKAS = _snapshot(
    "bronze.imdb_title_akas",
    "One row per title and position in its list of alternative titles.",
    ("title.akas.tsv.gz", "title.akas.tsv"),
    _strings(
        titleId="IMDb title identifier.",
        ordering="Position in the title's list, from 1.",
        title="The localised title.",
        region="Region of this title.",
        language="Language of this title.",
        types="alternative, dvd, festival, tv, video, working, original, imdbDisplay.",
        attributes="Further terms describing this title.",
        isOriginalTitle="1: the original title.",
    ),
    fresh_within_days=_WEEKLY,
)
IMDB_TITLE_EPISODE = _snapshot(
    "bronze.imdb_title_episode",
    "One row per episode of an IMDb delivery.",
    ("title.episode.tsv.gz", "title.episode.tsv"),
    _strings(
        tconst="IMDb title identifier of the episode.",
        parentTconst="IMDb title identifier of the series.",
        seasonNumber="Season.",
        episodeNumber="Episode within the season.",
    ),
    fresh_within_days=_WEEKLY,
)
IMDB_NAME_BASICS = _snapshot(
    "bronze.imdb_name_basics",
    "One row per person of an IMDb delivery.",
    ("name.basics.tsv.gz", "name.basics.tsv"),
    _strings(
        nconst="IMDb name identifier.",
        primaryName="The name most often credited.",
        birthYear="Year of birth.",
        deathYear="Year of death.",
        primaryProfession="Up to three professions, comma separated.",
        knownForTitles="Title identifiers, comma separated.",
    ),
    fresh_within_days=_WEEKLY,
)

TMDB_MOVIE_IDS = _snapshot(
    "bronze.tmdb_movie_ids",
    "One row per movie of a TMDb daily id export.",
    ("movie_ids_*.json.gz", "movie_ids_*.json"),
    _strings(
        id="TMDb movie id.",
        original_title="Title in the original language.",
        popularity="TMDb's popularity figure of the day.",
        adult="true or false.",
        video="true or false.",
    ),
    fresh_within_days=_WEEKLY,
)
TMDB_MOVIE_DETAILS = Table(
    name="bronze.tmdb_movie_details",
    grain="One row per movie and delivery, as TMDb's API describes it; a delivery may hold some movies only.",
    owner="catalogue",
    key=(),
    kind="log",
    partitioned_by="night",
    fresh_within_days=None,  # they are fetched if there is a key
    files=("movie_details*.jsonl.gz", "movie_details*.jsonl"),
    columns=_strings(
        id="TMDb movie id.",
        imdb_id="IMDb title identifier, if TMDb knows it.",
        title="Title in English.",
        original_title="Title in the original language.",
        original_language="ISO 639-1 code.",
        overview="A few sentences.",
        release_date="ISO date.",
        runtime="Running time in minutes.",
        genres="JSON list of {id, name}.",
        keywords="JSON {keywords: [{id, name}]}, if asked for.",
        credits="JSON {cast: […], crew: […]}, if asked for.",
        popularity="TMDb's popularity figure.",
        vote_average="Average of TMDb users' ratings, 0 to 10.",
        vote_count="Number of votes.",
        adult="true or false.",
        status="Released, Post Production, …",
    ),
)
TMDB_5000_MOVIES = _snapshot(
    "bronze.tmdb_5000_movies",
    "One row per movie of the TMDb 5000 dump.",
    ("tmdb_5000_movies.csv",),
    _strings(
        budget="In US dollars; 0 if unknown.",
        genres="JSON list of {id, name}.",
        homepage="Address.",
        id="TMDb movie id.",
        keywords="JSON list of {id, name}.",
        original_language="ISO 639-1 code.",
        original_title="Title in the original language.",
        overview="A few sentences.",
        popularity="TMDb's popularity figure.",
        production_companies="JSON list of {id, name}.",
        production_countries="JSON list of {iso_3166_1, name}.",
        release_date="ISO date.",
        revenue="In US dollars; 0 if unknown.",
        runtime="Running time in minutes.",
        spoken_languages="JSON list of {iso_639_1, name}.",
        status="Released, Post Production, Rumored.",
        tagline="One line.",
        title="Title in English.",
        vote_average="Average of TMDb users' ratings, 0 to 10.",
        vote_count="Number of votes.",
    ),
)
TMDB_5000_CREDITS = _snapshot(
    "bronze.tmdb_5000_credits",
    "One row per movie of the TMDb 5000 dump.",
    ("tmdb_5000_credits*.csv", "tmdb_5000_credits*.csv.gz"),
    _strings(
        movie_id="TMDb movie id.",
        title="Title in English.",
        cast="JSON list of {id, name, character, order, …}.",
        crew="JSON list of {id, name, department, job, …}.",
    ),
)

_OF_MOVIES = {
    "id": "TMDb movie id.",
    "title": "Title in English.",
    "original_title": "Title in the original language.",
    "original_language": "ISO 639-1 code.",
    "overview": "A few sentences.",
    "release_date": "ISO date.",
    "status": "Released, Post Production, Rumored, …",
    "runtime": "Running time in minutes.",
    "adult": "True or False.",
    "imdb_id": "IMDb title identifier.",
    "popularity": "TMDb's popularity figure.",
    "vote_average": "Average of TMDb users' ratings, 0 to 10.",
    "vote_count": "Number of votes.",
    "budget": "In US dollars; 0 if unknown.",
    "revenue": "In US dollars; 0 if unknown.",
    "homepage": "Address.",
    "tagline": "One line.",
    "poster_path": "Path of an image.",
}
"""What both dumps of movies say of each."""
TMDB_MOVIES_METADATA = _snapshot(
    "bronze.tmdb_movies_metadata",
    "One row per movie of The Movies Dataset, now and then two.",
    ("movies_metadata.csv", "movies_metadata.csv.gz"),
    _strings(
        (),
        ("genres",),
        **_OF_MOVIES,
        belongs_to_collection="Python dictionary of {id, name, …}.",
        genres="Python list of {id, name}.",
        production_companies="Python list of {id, name}.",
        production_countries="Python list of {iso_3166_1, name}.",
        spoken_languages="Python list of {iso_639_1, name}.",
        video="True or False.",
    ),
)
TMDB_KEYWORDS = _snapshot(
    "bronze.tmdb_keywords",
    "One row per movie of The Movies Dataset, now and then two.",
    ("keywords.csv", "keywords.csv.gz"),
    _strings((), ("keywords",), id="TMDb movie id.", keywords="Python list of {id, name}."),
)
TMDB_CREDITS = _snapshot(
    "bronze.tmdb_credits",
    "One row per movie of The Movies Dataset, now and then two.",
    ("credits.csv", "credits.csv.gz"),
    _strings(
        (),
        ("cast", "crew"),
        cast="Python list of {id, name, character, order, …}.",
        crew="Python list of {id, name, department, job, …}.",
        id="TMDb movie id.",
    ),
)
TMDB_MOVIE_DATASET = _snapshot(
    "bronze.tmdb_movie_dataset",
    "One row per movie of the TMDb Movies Dataset, whose lists are separated by commas.",
    ("TMDB_movie_dataset_v*.csv", "TMDB_movie_dataset_v*.csv.gz"),
    _strings(
        **_OF_MOVIES,
        backdrop_path="Path of an image.",
        genres="Names, separated by commas.",
        production_companies="Names, separated by commas, which they may hold themselves.",
        production_countries="Names, separated by commas.",
        spoken_languages="Names, separated by commas.",
        keywords="Words, separated by commas.",
    ),
)

MOVIELENS_MOVIES = _snapshot(
    "bronze.movielens_movies",
    "One row per movie of a MovieLens set.",
    ("movies.csv",),
    _strings(movieId="MovieLens movie id.", title="Title with the year in brackets.", genres="Genres, pipe separated."),
)
MOVIELENS_LINKS = _snapshot(
    "bronze.movielens_links",
    "One row per movie of a MovieLens set.",
    ("links.csv",),
    _strings(movieId="MovieLens movie id.", imdbId="IMDb's number without the tt.", tmdbId="TMDb movie id."),
)
MOVIETWEETINGS_MOVIES = _snapshot(
    "bronze.movietweetings_movies",
    "One row per movie of the MovieTweetings set.",
    ("movies.dat",),
    _strings(
        movie_id="IMDb's number without the tt.",
        title="Title with the year in brackets.",
        genres="Genres, pipe separated.",
    ),
)

INTERACTIONS = Table(
    name="bronze.interactions",
    grain="One row per event of a delivered event log.",
    owner="viewing",
    key=(),
    kind="log",
    partitioned_by="night",
    files=("*.jsonl", "*.jsonl.gz", "*.ndjson", "*.ndjson.gz", "*.csv", "*.csv.gz", "*.parquet"),
    # A log may name a viewer in a column that we do not know.
    columns=_strings(
        ("user_id", _EXTRA),
        event_id="Identifier of the event; one delivered without gets the hash of its fields in silver.",
        user_id="The viewer.",
        title_id="The title, as the log names it: tt0111161, tmdb:603, movielens:1.",
        event_type="view, complete, rating, like, dislike, watchlist, dismiss.",
        value="A rating's value from 0 to 10; the share watched of a view, from 0 to 1.",
        occurred_at="ISO 8601 time in UTC.",
        source="Who logged it.",
    ),
)

_DAYS = {
    "from": "First night that it holds for, YYYY-MM-DD; empty: it has held ever since.",
    "until": "Last night that it holds for; empty: until the list no longer says so.",
    "reason": "Why, for people.",
}
BLOCKED_TITLES = _snapshot(
    "bronze.blocked_titles",
    "One row per title and span of nights of a block list.",
    ("block*.csv", "block*.csv.gz"),
    _strings(title_id="Title that stands on no list, as its catalogue or the event logs name it.", **_DAYS),
    owner="recommendations",
)
BOOSTED_TITLES = _snapshot(
    "bronze.boosted_titles",
    "One row per title and span of nights of a boost list.",
    ("boost*.csv", "boost*.csv.gz"),
    _strings(
        title_id="Title that moves up or down, as its catalogue or the event logs name it.",
        boost="From -1 to 1: the share of each list's best score that is added to the title's.",
        **_DAYS,
    ),
    owner="recommendations",
)
IMDB = Source(
    "imdb",
    (
        IMDB_TITLE_BASICS,
        IMDB_TITLE_RATINGS,
        IMDB_TITLE_PRINCIPALS,
        IMDB_TITLE_CREW,
        IMDB_TITLE_AKAS,
        IMDB_TITLE_EPISODE,
        IMDB_NAME_BASICS,
    ),
    is_complete=True,
)
TMDB = Source(
    "tmdb",
    (
        *(TMDB_MOVIE_IDS, TMDB_MOVIE_DETAILS, TMDB_5000_MOVIES, TMDB_5000_CREDITS),
        *(TMDB_MOVIES_METADATA, TMDB_KEYWORDS, TMDB_CREDITS, TMDB_MOVIE_DATASET),
    ),
    is_complete=False,
)
MOVIELENS = Source("movielens", (MOVIELENS_MOVIES, MOVIELENS_LINKS), is_complete=True)
MOVIETWEETINGS = Source("movietweetings", (MOVIETWEETINGS_MOVIES,), is_complete=True)
RULES = Source("rules", (BLOCKED_TITLES, BOOSTED_TITLES), is_complete=False)
EVENTS = Source("interactions", (INTERACTIONS,), is_complete=True)
