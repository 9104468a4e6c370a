"""silver: what it means. Typed, deduplicated, one grain per table, conformed identifiers."""

from jobs.tables import bronze
from jobs.tables.table import Column, Table

_TITLE_ID = Column(
    "title_id",
    "string",
    "IMDb title identifier (tconst) where known, else namespaced: tmdb:603, movielens:1.",
    nullable=False,
)
_USER_ID = Column("user_id", "string", "The viewer.", nullable=False, personal=True)
POSTER_PATH = r"/[A-Za-z0-9_-]{1,100}\.(jpg|png|svg)"
"""The whole of a poster_path: one file's name, so that behind an address it leads nowhere else."""

TITLE_LINKS = Table(
    name="silver.title_links",
    grain="One row per name that a catalogue has for a title.",
    owner="catalogue",
    key=("source_title_id",),
    inputs=(
        bronze.IMDB_TITLE_BASICS,
        bronze.TMDB_MOVIE_IDS,
        bronze.TMDB_MOVIE_DETAILS,
        bronze.TMDB_5000_MOVIES,
        bronze.TMDB_MOVIES_METADATA,
        bronze.TMDB_MOVIE_DATASET,
        bronze.MOVIELENS_MOVIES,
        bronze.MOVIELENS_LINKS,
        bronze.MOVIETWEETINGS_MOVIES,
    ),
    columns=(
        Column(
            "source_title_id",
            "string",
            "The title as its catalogue and the event logs name it: tt0133093, tmdb:603, movielens:2571.",
            nullable=False,
        ),
        Column(
            "source",
            "string",
            "The catalogue: imdb, tmdb, movielens; movietweetings for a tconst that IMDb's dump lacks.",
            nullable=False,
        ),
        _TITLE_ID,
        Column(
            "matched_by",
            "string",
            "How the title was found: same (is the identifier), link (a catalogue says so), title_year (equal title and year, unique on both sides).",
            nullable=False,
        ),
    ),
)
TITLES = Table(
    name="silver.titles",
    grain="One row per title of the latest catalogue snapshots.",
    owner="catalogue",
    key=("title_id",),
    inputs=(
        TITLE_LINKS,
        bronze.IMDB_TITLE_BASICS,
        bronze.IMDB_TITLE_RATINGS,
        bronze.TMDB_MOVIE_IDS,
        bronze.TMDB_MOVIE_DETAILS,
        bronze.TMDB_5000_MOVIES,
        bronze.TMDB_MOVIES_METADATA,
        bronze.TMDB_MOVIE_DATASET,
        bronze.MOVIELENS_MOVIES,
        bronze.MOVIETWEETINGS_MOVIES,
    ),
    columns=(
        _TITLE_ID,
        Column("title", "string", "The title most people know.", nullable=False),
        Column("original_title", "string", "Title in the original language."),
        Column("title_type", "string", "movie, short, tvSeries, tvEpisode, …", nullable=False),
        Column("release_year", "int", "Year of first release; for a series, its first year."),
        Column("release_date", "date", "Day of first release, from TMDb: IMDb tells the year only."),
        Column(
            "release_status",
            "string",
            "TMDb's newest word: Released, Post Production, In Production, Planned, Rumored, Canceled; null if it says none.",
        ),
        Column("end_year", "int", "Last year of a series."),
        Column("runtime_minutes", "int", "Running time in minutes."),
        Column("genres", "array<string>", "Genres under IMDb's names, sorted; empty if unknown.", nullable=False),
        Column("is_adult", "boolean", "Adult title: any catalogue that says so is believed.", nullable=False),
        Column("average_rating", "double", "Average rating, 0 to 10: IMDb's, else TMDb's."),
        Column("vote_count", "int", "Votes behind average_rating."),
        Column("popularity", "double", "TMDb's popularity figure of the latest delivery."),
        Column("language", "string", "Original language, ISO 639-1."),
        Column("overview", "string", "A few sentences, from TMDb."),
        Column(
            "poster_path",
            "string",
            "TMDb's name of the poster's file, e.g. /rhIRbceoE9lR4veEXuwCC2wARtG.jpg; null also if what it says is none.",
        ),
    ),
)
PEOPLE = Table(
    name="silver.people",
    grain="One row per person of the latest catalogue snapshots.",
    owner="catalogue",
    key=("person_id",),
    inputs=(bronze.IMDB_NAME_BASICS, bronze.TMDB_MOVIE_DETAILS, bronze.TMDB_5000_CREDITS, bronze.TMDB_CREDITS),
    columns=(
        Column("person_id", "string", "IMDb name identifier (nconst), else tmdb:<id>.", nullable=False),
        Column("name", "string", "Name most often credited.", nullable=False),
        Column("birth_year", "int", "Year of birth."),
        Column("death_year", "int", "Year of death."),
        Column("professions", "array<string>", "Professions, most important first; empty if unknown.", nullable=False),
    ),
)
CREDITS = Table(
    name="silver.credits",
    grain="One row per title, person and category of work.",
    owner="catalogue",
    key=("title_id", "person_id", "category"),
    inputs=(
        bronze.IMDB_TITLE_PRINCIPALS,
        bronze.IMDB_TITLE_CREW,
        bronze.TMDB_MOVIE_DETAILS,
        bronze.TMDB_5000_CREDITS,
        bronze.TMDB_CREDITS,
        TITLE_LINKS,
        TITLES,
        PEOPLE,
    ),
    columns=(
        _TITLE_ID,
        Column("person_id", "string", "Person in silver.people.", nullable=False),
        Column("category", "string", "actor, actress, director, writer, producer, self, …", nullable=False),
        Column(
            "billing",
            "int",
            "Position in the title's list, from 1; crew without one of its own comes last, from 1001.",
            nullable=False,
        ),
        Column("characters", "array<string>", "Characters played; empty if none.", nullable=False),
    ),
)
TITLE_PROFILES = Table(
    name="silver.title_profiles",
    grain="One row per title of silver.titles: what content-based models read.",
    owner="catalogue",
    key=("title_id",),
    inputs=(
        *(TITLES, CREDITS, PEOPLE, TITLE_LINKS, bronze.TMDB_MOVIE_DETAILS, bronze.TMDB_5000_MOVIES),
        *(bronze.TMDB_KEYWORDS, bronze.TMDB_MOVIE_DATASET),
    ),
    columns=(
        _TITLE_ID,
        Column("genres", "array<string>", "Genres under IMDb's names, sorted; empty if unknown.", nullable=False),
        Column("directors", "array<string>", "Names of directors, in order of billing.", nullable=False),
        Column("writers", "array<string>", "Names of writers, in order of billing.", nullable=False),
        Column(
            "leading_cast", "array<string>", "Names of the first five of the cast, in order of billing.", nullable=False
        ),
        Column("keywords", "array<string>", "TMDb keywords, sorted.", nullable=False),
        Column("overview", "string", "A few sentences."),
        Column("decade", "int", "Decade of release: 1990 for 1990 to 1999."),
    ),
)
TITLE_RULES = Table(
    name="silver.title_rules",
    grain="One row per rule, title and first night: what people have set about lists.",
    owner="recommendations",
    key=("rule", "title_id", "from_date"),
    inputs=(bronze.BLOCKED_TITLES, bronze.BOOSTED_TITLES, TITLE_LINKS, TITLES),
    columns=(
        Column("rule", "string", "block: the title stands on no list; boost: it moves up or down.", nullable=False),
        _TITLE_ID,
        Column(
            "boost",
            "double",
            "Of a boost, from -1 to 1: the share of each list's best score that is added to the title's; null of a block.",
        ),
        Column("from_date", "date", "First night that it holds for; 1970-01-01 where none was stated.", nullable=False),
        Column("until_date", "date", "Last night that it holds for; null: until it is no longer delivered."),
        Column("reason", "string", "Why, for people."),
    ),
)
INTERACTIONS = Table(
    name="silver.interactions",
    grain="One row per event of a viewer and a known title.",
    owner="viewing",
    key=("event_id",),
    inputs=(bronze.INTERACTIONS, TITLE_LINKS, TITLES),
    settings=("lateness_days", "history_sources", "viewer_events_per_day"),
    partitioned_by="month",
    columns=(
        Column(
            "event_id",
            "string",
            "Identifier of the event; the hash of its fields if delivered without.",
            nullable=False,
        ),
        _USER_ID,
        _TITLE_ID,
        Column("event_type", "string", "view, complete, rating, like, dislike, watchlist, dismiss.", nullable=False),
        Column("value", "double", "A rating's value from 0 to 10; the share watched of a view, from 0 to 1."),
        Column("occurred_at", "timestamp", "When it happened, UTC.", nullable=False),
        Column("source", "string", "Who logged it."),
        Column("month", "date", "First day of the month of occurred_at.", nullable=False),
    ),
)
RATINGS = Table(
    name="silver.ratings",
    grain="One row per viewer and rated title: the last explicit rating.",
    owner="viewing",
    key=("user_id", "title_id"),
    inputs=(INTERACTIONS,),
    columns=(
        _USER_ID,
        _TITLE_ID,
        Column("rating", "double", "0 to 10.", nullable=False),
        Column("rated_at", "timestamp", "When, UTC.", nullable=False),
    ),
)
PREFERENCES = Table(
    name="silver.preferences",
    grain="One row per viewer and title of the viewer's history.",
    owner="viewing",
    key=("user_id", "title_id"),
    inputs=(INTERACTIONS,),
    settings=("weighing",),
    columns=(
        _USER_ID,
        _TITLE_ID,
        Column(
            "weight",
            "double",
            "Preference weight: the sum of the events' weights, decayed with age; 0 if not liked.",
            nullable=False,
        ),
        Column("rating", "double", "The viewer's last rating of the title, 0 to 10; null if never rated."),
        Column("event_count", "int", "Events behind it.", nullable=False),
        Column("last_at", "timestamp", "The last of them, UTC.", nullable=False),
    ),
)
