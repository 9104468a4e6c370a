"""What changed in viewers' lists, in words: the command line and the page of a night say the same."""

from jobs.answers.changes import Cause, NightChanges, Why
from jobs.answers.text import percent
from jobs.answers.two_lists import TwoLists

_NAMES = {"data": "new data", "model": "the new model", "rules": "new rules", "code": "other code"}


def headline(changes: NightChanges) -> list[str]:
    """A few sentences, most important first."""
    same = changes.same_count
    first = (
        f"{_viewers(changes.viewer_count)} had a list in both nights: {percent(changes.overlap)} of its titles stood on the "
        f"one before (on average {changes.entering:.1f} of {changes.listed:.1f} are new), rank-biased overlap "
        f"{changes.rbo:.3f}; {same:,} list{'' if same == 1 else 's'} {_is(same)} the same."
    )
    came, went = changes.new_count, changes.gone_count
    others = f"{_viewers(came)} {_is(came)} new, {went:,} {_is(went)} gone."
    models = f"{_versions(changes.models_before)} before, {_versions(changes.models)} now"
    rows = sum(changes.sources.values())
    mix = ", ".join(f"{source} {percent(count / rows)}" for source, count in changes.sources.items() if rows)
    return [first, *_why(changes.why), others, f"Model {models}. Rows of the lists: {mix or 'none'}."]


def cause_in_words(cause: Cause) -> str:
    """What a cause was and became."""
    if not cause.is_changed:
        return f"as before: {cause.became}"
    was, became = cause.was.split(", "), cause.became.split(", ")
    # What stayed as it was would hide the one setting that did not.
    gone, come = [one for one in was if one not in became], [one for one in became if one not in was]
    return (
        f"{', '.join(gone) or 'none'} → {', '.join(come) or 'none'}"
        if gone or come
        else f"{cause.was} → {cause.became}"
    )


def viewer_in_words(found: TwoLists) -> str:
    """How much of a viewer's list changed, in one line."""
    if found.overlap is None or found.rbo is None:
        return {"new": "no list before", "gone": "no list any more"}[found.state]
    entered = sum(place.other_rank is None for place in found.after)
    return (
        f"{found.segment} viewer: {entered} of {len(found.after)} titles are new, overlap {percent(found.overlap)}, "
        f"rank-biased overlap {found.rbo:.3f}"
    )


def _why(why: Why | None) -> list[str]:
    if why is None:
        return ["Why is not known: what the lists before were made of is not kept any more."]
    made = [one for one in sorted(why.causes, key=lambda one: -abs(one.share)) if round(one.share, 4)]
    if not made:
        return [f"Among {why.viewer_count:,} viewers whose lists were made again, no title is new."]
    parts = ", ".join(f"{_NAMES[one.cause]} {percent(one.share, 2)}" for one in made)
    return [
        f"Of {percent(why.total, 2)} new titles among {why.viewer_count:,} viewers whose lists were made again: {parts}."
    ]


def _viewers(count: int) -> str:
    return f"{count:,} viewer{'' if count == 1 else 's'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _versions(versions: tuple[int, ...]) -> str:
    return "version " + " and ".join(map(str, versions)) if versions else "none"
