"""gold: what is asked. One table per question, each row naming the model and night that made it."""

from jobs.tables import model, silver
from jobs.tables.table import Column, Table

_LIST_COLUMNS = (
    Column("user_id", "string", "The viewer.", nullable=False, personal=True),
    Column("rank", "int", "Position in the viewer's list, from 1.", nullable=False),
    Column("title_id", "string", "Title in silver.titles that is not in the viewer's history.", nullable=False),
    Column(
        "score", "double", "The model's score; higher is better, comparable within one viewer's list.", nullable=False
    ),
    Column("model_name", "string", "Registered model.", nullable=False),
    Column("model_version", "int", "Version of the registered model.", nullable=False),
    Column("night", "date", "The night that made the list.", nullable=False),
)

RECOMMENDATIONS = Table(
    name="gold.recommendations",
    grain="One row per viewer and rank: the list that is served.",
    owner="recommendations",
    key=("user_id", "rank"),
    inputs=(silver.PREFERENCES, model.CHAMPION, silver.TITLES),
    clustered_by=("user_id",),
    settings=("list_length",),
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
    keeps=30,
    columns=_LIST_COLUMNS,
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
