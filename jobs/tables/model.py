"""model: what turns viewers' histories into scores. Kept by MLflow instead of the lake."""

from jobs.tables import silver
from jobs.tables.table import Model

CHAMPION = Model(
    name="model.champion",
    grain="The registered model whose lists are served: what was learned of titles, and no viewers.",
    owner="recommendations",
    inputs=(silver.INTERACTIONS, silver.TITLES, silver.TITLE_PROFILES),
    settings=(
        "weighing",
        "recommender",
        "recommender_parameters",
        "holdout_share",
        "listed_title_types",
        "lists_adult",
    ),
)
