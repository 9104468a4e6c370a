"""Find titles by words of titles and people, whatever their accents and case, typing mistakes forgiven; and by what they are."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from jobs.lakehouse.views import Views
from jobs.tables.gold import POPULAR_TITLES, TITLE_FACTS

READS = (TITLE_FACTS, POPULAR_TITLES)
_ROWS_AT_ONCE = 20_000
_HEAP = 32_000_000
"""Bytes that the index is put together in."""
_SLIP_FROM, _SLIPS_FROM = 4, 8
"""Words of so many letters may be one letter wrong, and two."""
_WORDS = 8
"""Of what is asked, the first so many words count."""
_FOLDED, _AS_IT_IS = "folded", "raw"
_COLUMNS = "title_id, title, original_title, release_year, genres, language, average_rating, vote_count, viewer_count"
_ALL = """
SELECT title_id, title, coalesce(original_title, ''), list_concat(directors, list_concat(leading_cast, writers)), genres,
    coalesce(language, ''), coalesce(decade, 0), coalesce(average_rating, 0), coalesce(vote_count, 0) + 20 * viewer_count
FROM gold.title_facts WHERE NOT is_adult
"""
_FILTERED = """
FROM gold.title_facts WHERE NOT is_adult AND ($genre = '' OR list_contains(genres, $genre))
    AND ($language = '' OR language = $language) AND ($decade = 0 OR decade = $decade)
    AND ($rating = 0 OR average_rating >= $rating)
"""
_HOLDS = """
    AND list_bool_and([contains(strip_accents(lower(title || ' ' || coalesce(original_title, '') || ' ' ||
        array_to_string(list_concat(directors, leading_cast), ' '))), strip_accents(lower(word))) FOR word IN $words])
"""
_ORDER = " ORDER BY viewer_count DESC, vote_count DESC NULLS LAST, title_id LIMIT $most"
_CHOICES = """
SELECT list(DISTINCT genre ORDER BY genre), list(DISTINCT decade ORDER BY decade DESC), list(DISTINCT language ORDER BY language)
FROM (
    SELECT unnest(CASE WHEN len(genres) > 0 THEN genres ELSE [NULL] END) AS genre, decade, language
    FROM gold.title_facts WHERE NOT is_adult
)
"""
_SHELVES = """
SELECT category, value, window_days, list({'title_id': title_id, 'title': title, 'release_year': release_year,
    'viewer_count': viewer_count} ORDER BY rank)
FROM gold.popular_titles WHERE rank <= $most AND window_days = $days AND category IN ('overall', 'genre')
GROUP BY category, value, window_days
ORDER BY category DESC, sum(viewer_count) DESC, value
"""
_WINDOWS = "SELECT DISTINCT window_days FROM gold.popular_titles ORDER BY window_days"


@dataclass(frozen=True)
class Asked:
    """What is looked for; what is empty, or 0, is not asked for."""

    words: str = ""
    genre: str = ""
    decade: int = 0
    language: str = ""
    rating: float = 0.0
    """The public's average at least, 0 to 10."""

    @property
    def is_anything(self) -> bool:
        """Whether anything is asked for."""
        return replace(self, words=self.words.strip()) != Asked()


@dataclass(frozen=True)
class Found:
    """A title that was found."""

    title_id: str
    title: str
    original_title: str | None
    release_year: int | None
    genres: Sequence[str]
    language: str | None
    average_rating: float | None
    vote_count: int | None
    viewer_count: int


@dataclass(frozen=True)
class Choices:
    """What titles can be filtered by."""

    genres: Sequence[str]
    decades: Sequence[int]
    languages: Sequence[str]


@dataclass(frozen=True)
class OnShelf:
    """A title on a shelf."""

    title_id: str
    title: str
    release_year: int | None
    viewer_count: int
    """Viewers who had to do with it in the window."""


@dataclass(frozen=True)
class Shelf:
    """What is popular, overall or of a genre."""

    name: str
    """all, or the genre."""
    window_days: int
    """0: all time."""
    titles: Sequence[OnShelf]


def choices(views: Views) -> Choices:
    """What there is to filter by."""
    views.require(TITLE_FACTS)
    ((genres, decades, languages),) = views.rows(_CHOICES)
    return Choices(*([one for one in some or [] if one is not None] for some in (genres, decades, languages)))


def shelves(views: Views, window_days: int, most: int) -> tuple[Sequence[Shelf], Sequence[int]]:
    """What is popular in a window: overall, then by genre, the most watched genre first; and the windows that there are."""
    views.require(POPULAR_TITLES)
    found = views.rows(_SHELVES, {"days": window_days, "most": most})
    windows = [days for (days,) in views.rows(_WINDOWS)]
    return [Shelf(name, days, [OnShelf(**one) for one in titles]) for _, name, days, titles in found], windows


def find(views: Views, asked: Asked, most: int, index: "Index | None" = None) -> Sequence[Found]:
    """Titles that are asked for, best first.

    Args:
        views: Of gold.title_facts.
        asked: What is looked for.
        most: How many to tell of.
        index: Finds words; without one they are found as they are spelled, accents and case aside.

    Raises:
        JobError: gold.title_facts was never published.
    """
    views.require(TITLE_FACTS)
    words = asked.words.split()[:_WORDS]
    if words and index is not None:
        ids = index.find(asked, most)
        rows = views.rows(f"SELECT {_COLUMNS} FROM gold.title_facts WHERE title_id IN (SELECT unnest(?))", (ids,))  # noqa: S608
        by_id = {row[0]: Found(*row) for row in rows}
        return [by_id[one] for one in ids if one in by_id]
    told = {
        "genre": asked.genre,
        "language": asked.language,
        "decade": asked.decade,
        "rating": asked.rating,
        "most": most,
    }
    query = f"SELECT {_COLUMNS}{_FILTERED}{_HOLDS if words else ''}{_ORDER}"
    return [Found(*row) for row in views.rows(query, told | ({"words": words} if words else {}))]


class Index:
    """Words of titles and people, in files: nothing but what is asked for is in memory.

    Args:
        folder: As :func:`build` made it.
    """

    def __init__(self, folder: Path) -> None:
        self._analyzer = _analyzer()
        self._index = tantivy.Index.open(str(folder))
        self._index.register_tokenizer(_FOLDED, self._analyzer)
        self._searcher = self._index.searcher()

    def find(self, asked: Asked, most: int) -> list[str]:
        """Identifiers of the titles that hold all words, best first.

        Exact words come before beginnings and slips, and of equally good ones those with more votes and viewers.
        """
        words = self._analyzer.analyze(asked.words)[:_WORDS]
        if not words:
            return []
        must = [(Occur.Must, self._holds(word, is_last=word is words[-1])) for word in words]
        whole = Query.boost_query(self._term("whole", " ".join(words)), 20.0)
        must.append((Occur.Should, whole))
        must += [(Occur.Must, Query.const_score_query(one, 0.0)) for one in self._filters(asked)]
        found = self._searcher.search(Query.boolean_query(must), most, count=False, weight_by_field="weight")
        return [str(self._searcher.doc(address)["title_id"][0]) for _, address in found.hits]

    def _holds(self, word: str, *, is_last: bool) -> Query:
        """A title with the word in it, or something like it."""
        slips = 0 if len(word) < _SLIP_FROM else 1 if len(word) < _SLIPS_FROM else 2
        some = []
        for field, worth in (("title", 4.0), ("people", 3.0)):
            some.append(Query.boost_query(self._term(field, word), worth))
            if is_last:  # it may not be typed to its end
                some.append(Query.boost_query(self._fuzzy(field, word, 0, prefix=True), worth / 2))
            if slips:
                some.append(Query.boost_query(self._fuzzy(field, word, slips, prefix=False), worth / 8))
        return Query.disjunction_max_query(some)

    def _filters(self, asked: Asked) -> Iterator[Query]:
        schema = self._index.schema
        if asked.genre:
            yield self._term("genres", asked.genre)
        if asked.language:
            yield self._term("language", asked.language)
        if asked.decade:
            yield Query.term_query(schema, "decade", asked.decade)
        if asked.rating:
            yield Query.range_query(schema, "rating", tantivy.FieldType.Float, float(asked.rating), 10.0)

    def _term(self, field: str, text: str) -> Query:
        return Query.term_query(self._index.schema, field, text)

    def _fuzzy(self, field: str, text: str, slips: int, *, prefix: bool) -> Query:
        return Query.fuzzy_term_query(self._index.schema, field, text, distance=slips, prefix=prefix)


def build(root: str, version: int, folder: Path) -> int:
    """Make the index of all titles, in a folder that is seen whole or not at all; how many titles it has.

    Args:
        root: The lake's root.
        version: Of gold.title_facts.
        folder: Where it is to be; of two that make it at once, one does it in vain.
    """
    # A connection of its own: the rows are read bit by bit, while pages ask theirs.
    views = Views(root, (), {TITLE_FACTS: version})
    arriving = folder.with_name(f".{folder.name}-{os.getpid()}")
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir(parents=True)
    analyzer = _analyzer()
    index = tantivy.Index(_schema(), str(arriving))
    index.register_tokenizer(_FOLDED, analyzer)
    writer, titles = index.writer(_HEAP, 1), 0
    for batch in views.batches(_ALL, _ROWS_AT_ONCE):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            title_id, title, original, people, genres, language, decade, rating, weight = row
            writer.add_document(
                tantivy.Document(
                    title_id=title_id,
                    title=[title, original],
                    whole=[" ".join(analyzer.analyze(one)) for one in {title, original} if one],
                    people=people,
                    genres=genres,
                    language=language,
                    decade=decade,
                    rating=float(rating),
                    weight=weight,
                )
            )
            titles += 1
    writer.commit()
    writer.wait_merging_threads()
    try:
        arriving.rename(folder)
    except OSError:  # another process was first: a folder that holds files is never replaced
        shutil.rmtree(arriving, ignore_errors=True)
        if not folder.exists():
            raise
    return titles


def _schema() -> tantivy.Schema:
    fields = tantivy.SchemaBuilder()
    fields.add_text_field("title_id", stored=True, tokenizer_name=_AS_IT_IS)
    for name in ("title", "people"):
        fields.add_text_field(name, tokenizer_name=_FOLDED, index_option="freq")
    for name in ("whole", "genres", "language"):
        fields.add_text_field(name, tokenizer_name=_AS_IT_IS, index_option="basic")
    fields.add_integer_field("decade", indexed=True)
    fields.add_float_field("rating", indexed=True, fast=True)
    fields.add_integer_field("weight", fast=True)
    return fields.build()


def _analyzer() -> tantivy.TextAnalyzer:
    """Words without case and accents: ``Amélie`` and ``AMELIE`` are one; none is longer than anybody types."""
    made = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (tantivy.Filter.remove_long(60), tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold()):
        made = made.filter(step)
    return made.build()
