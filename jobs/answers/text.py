"""Text as people may be shown it, on a terminal or a page: visible whatever the data hold, and of a bounded length."""

from collections.abc import Iterable

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_LINE_BREAKS = (0x2028, 0x2029)
# Control pictures for C0, escapes for everything else that moves the cursor or reorders a line.
_VISIBLE: dict[int, int | str] = (
    {code: 0x2400 + code for code in range(0x20)}
    | {0x7F: 0x2421}
    | {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}
    | {code: f"\\u{code:04x}" for code in (*_BIDI, *_LINE_BREAKS)}
)


def safe(text: str) -> str:
    """The text with every control character made visible: ␛ for escape, a code for what reorders text."""
    return text.translate(_VISIBLE)


def cut(text: str, longest: int) -> str:
    """The text, or its beginning with an ellipsis where it has more characters than that."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def listing(items: Iterable[object]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    texts = [str(item) for item in items]
    return " and ".join(part for part in (", ".join(texts[:-1]), *texts[-1:]) if part)


def percent(share: float | None, digits: int = 1) -> str:
    """A share as people read it: ``12.3 %``; a dash where there is none."""
    return "-" if share is None else f"{100 * share:.{digits}f} %"
