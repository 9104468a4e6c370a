"""What the planted titles are called, and what is written about them."""

from dataclasses import dataclass

import numpy as np

from jobs.sample_world.genres import GENRE_NAMES
from jobs.sample_world.people import name_pool
from jobs.sample_world.titles import MOVIE, IntArray, Titles
from jobs.sample_world.vocabulary import (
    PHRASES,
    PLACE_NAMES,
    PLACES,
    SUBTITLES,
    TAGLINES,
    THINGS,
    WORDS,
    Theme,
    phrase,
)

SEQUEL_SHARE = 0.07  # of English-language films
SEQUEL_GAP_DAYS = 540  # between a film and what follows it
PERSON_TITLE_SHARE = 0.2  # of titles in other languages: they are simply called by a person's name
SECOND_SENTENCES = ("Then {}.", "Meanwhile {}.", "But {}, and time is running out.", "It gets no easier when {}.")


@dataclass(frozen=True)
class Names:
    """What titles are called; one entry per title."""

    primary: list[str]  # in English, as it is best known
    original: list[str]  # in its own language
    translations: list[tuple[int, int] | None]  # ideas of ``phrase`` for titles that have names in every language
    predecessor: IntArray  # position of the film that a sequel follows, else -1


def name_titles(titles: Titles, old_titles: int) -> Names:
    """Names for titles: in their own language and in English, sequels after their predecessors.

    Args:
        titles: The titles.
        old_titles: How many of them were there before the first day; only those have sequels.
    """
    rows = zip(titles.genres[:, 0].tolist(), titles.language.tolist(), titles.dice.tolist(), strict=True)
    named = [_name(GENRE_NAMES[genre], language, dice) for genre, language, dice in rows]
    primary, original = [name for name, _, _ in named], [name for _, name, _ in named]
    translations = [ideas for _, _, ideas in named]
    predecessor = _predecessors(titles, old_titles)
    parts = dict.fromkeys(predecessor.tolist(), 1)
    for sequel in np.lexsort((np.arange(len(titles)), titles.released)).tolist():
        first = int(predecessor[sequel])
        if first >= 0:
            parts[first] += 1
            primary[sequel] = original[sequel] = _sequel_name(
                primary[first], parts[first], titles.dice[sequel].tolist()
            )
            translations[sequel] = None
    return Names(primary, original, translations, predecessor)


def _name(genre: str, language: int, dice: list[int]) -> tuple[str, str, tuple[int, int] | None]:
    """A title's name in English, in its own language, and the ideas it is made of if it has names in every language."""
    if language and dice[2] % 100 < 100 * PERSON_TITLE_SHARE:
        name = _person(language, dice)
        return name, name, None
    if language or dice[2] % 12 == 0:
        ideas = (dice[0] % len(THINGS), dice[1] % PHRASES)
        return phrase(ideas, 0), phrase(ideas, language), ideas
    name = _english_name(genre, dice)
    return name, name, None


def _person(language: int, dice: list[int]) -> str:
    first, last = name_pool(language, bool(dice[3] % 2))
    return f"{first[dice[4] % len(first)]} {last[dice[5] % len(last)]}"


def _english_name(genre: str, dice: list[int]) -> str:
    """One of the patterns that films of the genre are named by."""
    words = WORDS[genre]
    adjective = words.adjectives[dice[3] % len(words.adjectives)]
    noun = words.nouns[dice[4] % len(words.nouns)]
    other = words.nouns[(dice[4] + 1 + dice[5] % (len(words.nouns) - 1)) % len(words.nouns)]
    first, last = (names[dice[6] % len(names)] for names in name_pool(0, bool(dice[7] % 2)))
    place = PLACE_NAMES[dice[8] % len(PLACE_NAMES)]
    patterns = (
        f"The {adjective} {noun}",
        f"{adjective} {noun}",
        f"{noun} at {place}",
        f"The {last} {noun}",
        f"{first} and the {noun}",
        f"The {noun} and the {other}",
        f"The {noun} of {place}",
        f"The {last} {noun}",
        f"{adjective} {place}",
        f"{first}'s {noun}",
    )
    return patterns[dice[9] % len(patterns)]


def _predecessors(titles: Titles, old_titles: int) -> IntArray:
    """The film that each sequel follows: an older one of the same first genre; -1 for all other titles."""
    is_film = (titles.kind == MOVIE) & (titles.language == 0)
    is_sequel = is_film & (titles.dice[:, 10] % 1000 < 1000 * SEQUEL_SHARE)
    predecessor = np.full(len(titles), -1, dtype=np.int64)
    firsts = np.flatnonzero(is_film[:old_titles] & ~is_sequel[:old_titles])
    for genre in range(len(GENRE_NAMES)):
        of_genre = firsts[titles.genres[firsts, 0] == genre]
        of_genre = of_genre[np.argsort(titles.released[of_genre], kind="stable")]
        sequels = np.flatnonzero(is_sequel & (titles.genres[:, 0] == genre))
        older = np.searchsorted(titles.released[of_genre], titles.released[sequels] - SEQUEL_GAP_DAYS)
        back = 1 + titles.dice[sequels, 11] % 6
        found = older >= back
        predecessor[sequels[found]] = of_genre[(older - back)[found]]
    return predecessor


def _sequel_name(first: str, part: int, dice: list[int]) -> str:
    subtitle = SUBTITLES[dice[12] % len(SUBTITLES)]
    return (f"{first} {part}", f"{first}: {subtitle}", f"{first} {part}: {subtitle}")[dice[13] % 3]


def _theme(genre: int, die: int) -> Theme:
    themes = WORDS[GENRE_NAMES[genre]].themes
    return themes[die % len(themes)]


def with_article(noun: str) -> str:
    """The noun with the indefinite article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def write_overview(genres: list[int], dice: list[int]) -> str:
    """Two or three sentences about a title, out of the themes of its genres."""
    theme = _theme(genres[0], dice[11])
    leads = WORDS[GENRE_NAMES[genres[0]]].leads
    lead = with_article(leads[dice[12] % len(leads)])
    place = PLACES[dice[13] % len(PLACES)]
    if GENRE_NAMES[genres[0]] == "Documentary":
        opening = (
            f"Filmed over {2 + dice[14] % 6} years in {place}: {theme.trigger}, and {lead} sets out to {theme.aim}."
        )
    else:
        opening = (
            f"When {theme.trigger}, {lead} must {theme.aim}.",
            f"In {place}, {theme.trigger}, and {lead} must {theme.aim}.",
            f"Somewhere in {place}, {theme.trigger}. Now {lead} must {theme.aim}.",
        )[dice[14] % 3]
    if genres[1] < 0:
        return opening
    second = SECOND_SENTENCES[dice[15] % len(SECOND_SENTENCES)].format(_theme(genres[1], dice[10]).trigger)
    return f"{opening} {second}"


def list_keywords(genres: list[int], dice: list[int]) -> list[str]:
    """The keywords of the same themes, each once."""
    keywords = list(_theme(genres[0], dice[11]).keywords)
    if genres[1] >= 0:
        keywords.extend(_theme(genres[1], dice[10]).keywords)
    return list(dict.fromkeys(keywords))


def write_tagline(dice: list[int]) -> str:
    """The line on the poster; many films have none."""
    return TAGLINES[dice[8] % len(TAGLINES)] if dice[9] % 3 else ""


def name_character(language: int, is_woman: bool, dice: list[int], position: int) -> str:
    """Whom somebody plays.

    Args:
        language: Position in the catalogue's languages.
        is_woman: Whether a woman plays.
        dice: The title's dice.
        position: Position in the cast, from 0.
    """
    first, last = name_pool(language, is_woman)
    die = dice[position] ^ (dice[position + 6] >> 3)
    given, family = first[die % len(first)], last[(die >> 7) % len(last)]
    title = "Mrs." if is_woman else "Mr."
    return (f"{given} {family}", given, f"Dr. {family}", f"{given} {family}", f"{title} {family}", f"{given} {family}")[
        (die >> 13) % 6
    ]
