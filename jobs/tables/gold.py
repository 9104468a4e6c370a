"""gold: what is asked. One table per question, each row naming the model and night that made it."""

from jobs.tables import model, silver
from jobs.tables.table import Column, Table

EVERYBODY_ELSE = "*"
"""The viewer that stands for everybody of whom nothing is known: no delivery may name a viewer so."""
SOURCES = ("personal", "segment", "popular")
"""Where the rows of a list come from, in the order in which they come."""

_LIST_COLUMNS = (
    Column(
        "user_id",
        "string",
        "The viewer; * stands for everybody of whom nothing is known yet.",
        nullable=False,
        personal=True,
    ),
    Column("rank", "int", "Position in the viewer's list, from 1.", nullable=False),
    Column("title_id", "string", "Title in silver.titles that is not in the viewer's history.", nullable=False),
    Column(
        "source",
        "string",
        "Why it is there: personal (the model's choice for this viewer), segment (popular in the genre that the viewer likes "
        "most), popular (with everybody); in this order.",
        nullable=False,
    ),
    Column("model_score", "double", "The model's score; null where no model scored."),
    Column("boost", "double", "What rules added to it; null where none did."),
    Column(
        "score",
        "double",
        "What the list is ordered by within its source: model_score and boost; where no model scored, viewers of the last 30 "
        "days and boost. Comparable within a source of one viewer's list.",
        nullable=False,
    ),
    Column(
        "reason_title_ids",
        "array<string>",
        "Up to three titles of the viewer's history that added most to model_score, the largest first; empty where the reason "
        "is not titles.",
        nullable=False,
    ),
    Column(
        "reason_contributions",
        "array<double>",
        "What each of them added to model_score, in their order.",
        nullable=False,
    ),
    Column(
        "reasons",
        "string",
        "Why it is there, in words: the titles of the viewer's that it comes of, and what more than half of them share with it.",
        nullable=False,
    ),
    Column("model_name", "string", "Registered model that served that night.", nullable=False),
    Column("model_version", "int", "Version of the registered model.", nullable=False),
    Column("model_night", "date", "The night that the model was trained for.", nullable=False),
    Column("night", "date", "The night that made the list.", nullable=False),
)
_UNREPEATED = ("model_score", "score", "reason_contributions", "reasons")

RECOMMENDATIONS = Table(
    name="gold.recommendations",
    grain="One row per viewer and rank: the list that is served.",
    owner="recommendations",
    key=("user_id", "rank"),
    inputs=(silver.PREFERENCES, model.CHAMPION, silver.TITLES, silver.TITLE_RULES, silver.TITLE_PROFILES),
    clustered_by=("user_id",),
    arrives_sorted=True,
    unrepeated=_UNREPEATED,
    settings=("list_length", "listed_title_types", "lists_adult"),
    columns=_LIST_COLUMNS,
)
RECOMMENDATION_HISTORY = Table(
    name="gold.recommendation_history",
    grain="One row per night, viewer and rank: the lists that were served.",
    owner="recommendations",
    key=("night", "user_id", "rank"),
    inputs=(RECOMMENDATIONS,),
    kind="log",
    partitioned_by="night",
    clustered_by=("user_id",),
    unrepeated=_UNREPEATED,
    keeps=30,
    columns=_LIST_COLUMNS,
)
LIST_OUTCOMES = Table(
    name="gold.list_outcomes",
    grain="One row per kept night, rank, source and model version: what became of what was listed there within seven days.",
    owner="recommendations",
    key=("night", "rank", "source", "model_version"),
    inputs=(RECOMMENDATION_HISTORY, silver.INTERACTIONS),
    settings=("weighing",),
    columns=(
        Column(
            "night", "date", "The night that made the lists; the seven days begin on the day after.", nullable=False
        ),
        Column("rank", "int", "Position in the lists, from 1.", nullable=False),
        Column("source", "string", "Why it was listed: personal, segment, popular.", nullable=False),
        Column("listed_count", "int", "Viewers who had a title there.", nullable=False),
        Column("watched_count", "int", "Of them: who watched it in these days, or rated it.", nullable=False),
        Column("liked_count", "int", "Who liked it, or rated it above the neutral rating.", nullable=False),
        Column("disliked_count", "int", "Who disliked it, or rated it below.", nullable=False),
        Column("dismissed_count", "int", "Who dismissed it.", nullable=False),
        Column("watchlisted_count", "int", "Who put it on the watchlist.", nullable=False),
        Column("ignored_count", "int", "Who did none of these; the others may count under several.", nullable=False),
        Column(
            "is_complete", "boolean", "Whether the seven days have passed; late events still change it.", nullable=False
        ),
        Column("model_name", "string", "Registered model that made the lists.", nullable=False),
        Column("model_version", "int", "Its version.", nullable=False),
    ),
)
RECOMMENDATION_CHANGES = Table(
    name="gold.recommendation_changes",
    grain="One row per night and viewer with a list then or before: how the list differs from the one it replaced.",
    owner="recommendations",
    key=("night", "user_id"),
    inputs=(RECOMMENDATION_HISTORY, silver.PREFERENCES),
    kind="log",
    partitioned_by="night",
    clustered_by=("user_id",),
    keeps=30,
    columns=(
        Column("night", "date", "The night that made the list.", nullable=False),
        Column(
            "night_before",
            "date",
            "The night whose lists were served until then: the night before, or an older one after a rollback.",
            nullable=False,
        ),
        Column("user_id", "string", "The viewer.", nullable=False, personal=True),
        Column(
            "state", "string", "both: has a list of both nights; new: of this one only; gone: no more.", nullable=False
        ),
        Column("segment", "string", "Viewers by titles they are known to like: cold, light, heavy.", nullable=False),
        Column("overlap", "double", "Share of the list's titles that stood on the one before; null unless both."),
        Column("rbo", "double", "Rank-biased overlap of the two lists (p 0.9), 0 to 1; null unless both."),
        Column(
            "entering_title_ids",
            "array<string>",
            "Titles that were not on the list before, best first.",
            nullable=False,
        ),
        Column(
            "leaving_title_ids",
            "array<string>",
            "Titles that are not on the list any more, best first.",
            nullable=False,
        ),
        Column("listed_count", "int", "Titles on the list.", nullable=False),
        Column("listed_before_count", "int", "Titles on the list before.", nullable=False),
        Column("personal_count", "int", "Titles on the list from the source personal.", nullable=False),
        Column("segment_count", "int", "Titles on the list from the source segment.", nullable=False),
        Column("popular_count", "int", "Titles on the list from the source popular.", nullable=False),
        Column("model_version", "int", "Version of the model behind the list; null if gone."),
        Column("model_version_before", "int", "Version of the model behind the one before; null if new."),
    ),
)
RECOMMENDATION_CHANGE_CAUSES = Table(
    name="gold.recommendation_change_causes",
    grain="One row per night and cause: what it did to the lists of a sample of viewers.",
    owner="recommendations",
    key=("night", "cause"),
    inputs=(RECOMMENDATION_CHANGES, RECOMMENDATION_HISTORY),
    kind="log",
    partitioned_by="night",
    keeps=365,
    columns=(
        Column("night", "date", "The night that made the lists.", nullable=False),
        Column("night_before", "date", "The night whose lists were served until then.", nullable=False),
        Column(
            "cause",
            "string",
            "What lists are made of. data: what viewers did, the catalogue, and the day; model; rules: blocks, boosts and "
            "settings; code: what today's code makes otherwise of the night before.",
            nullable=False,
        ),
        Column("is_changed", "boolean", "Whether it is another than the night before.", nullable=False),
        Column("was", "string", "What it was the night before: versions, settings.", nullable=False),
        Column("became", "string", "What it is.", nullable=False),
        Column("share", "double", "Its Shapley share of total; the shares of a night add up to it.", nullable=False),
        Column("total", "double", "Mean share of a list's titles that are new: 1 - overlap.", nullable=False),
        Column("rbo_share", "double", "Its Shapley share of rbo_total, in which order counts.", nullable=False),
        Column("rbo_total", "double", "1 - mean rank-biased overlap with the list before.", nullable=False),
        Column("viewer_count", "int", "Viewers whose lists were made again, at most 1,000.", nullable=False),
    ),
)
POPULAR_TITLES = Table(
    name="gold.popular_titles",
    grain="One row per category, value of it, window of days and rank.",
    owner="viewing",
    key=("category", "value", "window_days", "rank"),
    inputs=(silver.INTERACTIONS, silver.TITLES),
    columns=(
        Column("category", "string", "What the titles have in common: overall, genre or decade.", nullable=False),
        Column("value", "string", "Which of its kind: all, a genre (Drama), a decade (1990s).", nullable=False),
        Column("window_days", "int", "Days up to and including the night that count; 0: all time.", nullable=False),
        Column("rank", "int", "Position in the list, from 1: 100 overall, 50 of a genre or decade.", nullable=False),
        Column("title_id", "string", "Title in silver.titles.", nullable=False),
        Column("title", "string", "Its title.", nullable=False),
        Column("release_year", "int", "Its year."),
        Column("viewer_count", "int", "Viewers who interacted with it in the window.", nullable=False),
        Column("night", "date", "The night that counted.", nullable=False),
    ),
)
TITLE_FACTS = Table(
    name="gold.title_facts",
    grain="One row per title of silver.titles: everything known about it, in one place.",
    owner="recommendations",
    key=("title_id",),
    inputs=(silver.TITLES, silver.TITLE_PROFILES, silver.PREFERENCES, RECOMMENDATIONS),
    clustered_by=("title_id",),
    columns=(
        Column("title_id", "string", "Title in silver.titles.", nullable=False),
        Column("title", "string", "The title most people know.", nullable=False),
        Column("original_title", "string", "Title in the original language."),
        Column("title_type", "string", "movie, short, tvSeries, tvEpisode, …", nullable=False),
        Column("release_year", "int", "Year of first release; for a series, its first year."),
        Column("release_date", "date", "Day of first release."),
        Column("end_year", "int", "Last year of a series."),
        Column("decade", "int", "Decade of release: 1990 for 1990 to 1999."),
        Column("is_released", "boolean", "Whether it was released by the night, as far as is known.", nullable=False),
        Column("is_adult", "boolean", "Adult title.", nullable=False),
        Column("runtime_minutes", "int", "Running time in minutes."),
        Column("language", "string", "Original language, ISO 639-1."),
        Column("genres", "array<string>", "Genres, sorted; empty if unknown.", nullable=False),
        Column("directors", "array<string>", "Names of directors, in order of billing.", nullable=False),
        Column("writers", "array<string>", "Names of writers, in order of billing.", nullable=False),
        Column("leading_cast", "array<string>", "Names of the first five of the cast.", nullable=False),
        Column("keywords", "array<string>", "TMDb keywords, sorted.", nullable=False),
        Column("overview", "string", "A few sentences."),
        Column("average_rating", "double", "Average rating of the public, 0 to 10."),
        Column("vote_count", "int", "Votes behind average_rating."),
        Column("popularity", "double", "TMDb's popularity figure."),
        Column("viewer_count", "int", "Viewers with it in their history.", nullable=False),
        Column("monthly_viewer_count", "int", "Viewers who had to do with it in the last 30 days.", nullable=False),
        Column("weekly_viewer_count", "int", "The same of the last 7 days.", nullable=False),
        Column("like_count", "int", "Viewers known to like it: of a weight above 0.", nullable=False),
        Column("rating_count", "int", "Viewers who rated it.", nullable=False),
        Column("mean_rating", "double", "Mean of our viewers' last ratings, 0 to 10."),
        Column("list_count", "int", "Viewers on whose list of recommendations it stands.", nullable=False),
        Column("best_rank", "int", "Its best rank on any list."),
        Column("median_rank", "double", "The median of its ranks on lists."),
        Column("night", "date", "The night that gathered them.", nullable=False),
    ),
)
VIEWER_PROFILES = Table(
    name="gold.viewer_profiles",
    grain="One row per viewer: what the viewer watches, and which list is served.",
    owner="viewing",
    key=("user_id",),
    inputs=(silver.PREFERENCES, silver.INTERACTIONS, silver.TITLE_PROFILES, RECOMMENDATIONS),
    clustered_by=("user_id",),
    columns=(
        Column("user_id", "string", "The viewer.", nullable=False, personal=True),
        Column("title_count", "int", "Titles in the viewer's history.", nullable=False),
        Column("like_count", "int", "Those known to be liked: of a weight above 0.", nullable=False),
        Column("rating_count", "int", "Those rated.", nullable=False),
        Column("mean_rating", "double", "Mean of the viewer's last ratings, 0 to 10."),
        Column("event_count", "int", "Events of the viewer.", nullable=False),
        Column("first_at", "timestamp", "The first of them, UTC.", nullable=False),
        Column("last_at", "timestamp", "The last of them, UTC.", nullable=False),
        Column("genres", "array<string>", "The five most frequent genres, most frequent first.", nullable=False),
        Column("genre_shares", "array<double>", "Share of title_count that has each of genres.", nullable=False),
        Column("decades", "array<int>", "The five most frequent decades: 1990, …", nullable=False),
        Column("decade_shares", "array<double>", "Share of title_count from each of decades.", nullable=False),
        Column("directors", "array<string>", "Up to five directors of at least two titles.", nullable=False),
        Column("director_title_counts", "array<int>", "Titles of each of directors.", nullable=False),
        Column("leading_cast", "array<string>", "Up to five leading actors of at least two titles.", nullable=False),
        Column("cast_title_counts", "array<int>", "Titles of each of leading_cast.", nullable=False),
        Column(
            "list_source",
            "string",
            "Where the list begins: personal, segment, popular; null: no list is served.",
        ),
        Column("list_length", "int", "Titles on the list that is served to the viewer; 0: none.", nullable=False),
        Column("night", "date", "The night that gathered them.", nullable=False),
    ),
)
SIMILAR_TITLES = Table(
    name="gold.similar_titles",
    grain="One row per title, kind of likeness and rank: the nearest titles of a title.",
    owner="recommendations",
    key=("title_id", "kind", "rank"),
    inputs=(silver.TITLES, silver.TITLE_PROFILES, silver.PREFERENCES, model.CHAMPION),
    clustered_by=("title_id", "kind", "rank"),
    settings=("listed_title_types", "lists_adult"),
    columns=(
        Column("title_id", "string", "Title in silver.titles.", nullable=False),
        Column(
            "kind",
            "string",
            "taste: as viewers' tastes say; content: as genres, people, keywords and overview say.",
            nullable=False,
        ),
        Column("rank", "int", "Position among the similar titles, from 1; at most 20.", nullable=False),
        Column("similar_title_id", "string", "A title that may be listed, other than title_id.", nullable=False),
        Column("title", "string", "Name of title_id.", nullable=False),
        Column("similar_title", "string", "Name of similar_title_id.", nullable=False),
        Column(
            "similarity",
            "double",
            "Cosine, or the champion's own weight; above 0, comparable among the titles of one title and kind.",
            nullable=False,
        ),
        Column(
            "shared",
            "string",
            "Up to three things that both have, in words: Crime, Robert De Niro; empty if nothing is known.",
            nullable=False,
        ),
        Column(
            "method",
            "string",
            "Who says so: the recommender of the champion, or of its part that can; co-watching where none can; tf-idf.",
            nullable=False,
        ),
        Column("model_version", "int", "Version of the registered model that says so; null if none does."),
        Column("night", "date", "The night that found them.", nullable=False),
    ),
)
