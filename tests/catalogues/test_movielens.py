"""How MovieLens writes titles."""

from pyspark.sql import SparkSession

from jobs.catalogues.movielens import describe_movies
from jobs.tables import bronze
from tests.rows import rows_of


def test_reads_movielens_titles_as_people_write_them(spark: SparkSession) -> None:
    read = {
        "Matrix, The (1999)": ("The Matrix", 1999),
        "City of Lost Children, The (Cité des enfants perdus, La) (1995)": (
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        "Avventura, L' (a.k.a. Adventure, The) (1960)": ("L'Avventura (a.k.a. The Adventure)", 1960),
        "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)": (
            "The Good, the Bad and the Ugly (Il Buono, il brutto, il cattivo)",
            1966,
        ),
        "(500) Days of Summer (2009)": ("(500) Days of Summer", 2009),
        "I, Robot (2004)": ("I, Robot", 2004),
        "Death Note: Desu nôto (2006\u20132007)": ("Death Note: Desu nôto", 2006),
        "Justice League: Doom (2012) ": ("Justice League: Doom", 2012),
        "Babylon 5": ("Babylon 5", None),
        "2001 (2001)": ("2001", 2001),
    }
    movies = [{"movieId": str(n), "title": title, "genres": "(no genres listed)"} for n, title in enumerate(read)]

    told = describe_movies(rows_of(spark, bronze.MOVIELENS_MOVIES, movies)).orderBy("source_title_id").collect()

    assert [(row["title"], row["release_year"]) for row in told] == list(read.values())
    assert {row["genres"] for row in told} == {None}
