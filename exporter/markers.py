"""Which lines of a description or of a commit message are evidence and are kept; the rest of the text is not stored.

Code blocks, HTML comments and quotations are somebody else's words, so nothing in them is evidence.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

STARTS = ("generated", "made", "created", "written", "assisted", "co-authored", "reverts", "this reverts")
"""A footer is kept when it begins with one of these words; a rule for footers has to begin with one too."""

MOST_LINES, MOST_TRAILERS, LONGEST = 40, 20, 300

TRAILER = re.compile(r"(?P<key>[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*)\s?:\s+(?P<value>\S.*)")
LINK = re.compile(r"https?://[^\s<>\"'`)\]]+", re.IGNORECASE)
TICKED = re.compile(r"\[x\]\s+(?P<text>\S.*)", re.IGNORECASE)

_START = re.compile(rf"(?:{'|'.join(STARTS)})\b", re.IGNORECASE)
_FENCE = re.compile(r"\s*(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
_NAMED_LINK = re.compile(r"!?\[(?P<text>[^\[\]]*)\]\([^()\s]*\)")
_EMPHASIS = re.compile(r"\*\*|__|~~|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_SPACES = re.compile(r"\s+")
# Not decoration: openings of a link, code, tag or quotation, and what begins an address or a reference.
_OPENERS = frozenset("[`<(\"'“‘«@/:!")


@lru_cache(maxsize=128)  # a line is asked about several times in a row, and tools sign everything alike
def plain(line: str) -> str:
    """The line as read aloud: leading bullets and emoji, tags, emphasis and link targets removed."""
    # Most lines have no decoration at all, and looking for one character costs a tenth of a pattern.
    text = _TAG.sub("", line) if "<" in line else line
    if "](" in text:
        text = _NAMED_LINK.sub(lambda link: link["text"], text)
    if "*" in text or "_" in text or "~" in text:
        text = _EMPHASIS.sub("", text)
    return _undecorated(" ".join(text.split()))


def marker_lines(text: str) -> tuple[str, ...]:
    """The lines of a change's description that may carry a marker or a reference.

    Kept whole: trailers, ticked boxes and lines that begin with one of ``STARTS``. Any other line that carries links is
    kept as its links alone. At most 40 lines (the first and the last 20) of at most 300 characters.
    """
    kept = [line for line in (_marker(each) for each in own_lines(text)) if line]
    if len(kept) > MOST_LINES:
        # Tools sign at the end; templates ask at the start. A long list of links lies between.
        kept = kept[: MOST_LINES // 2] + kept[-(MOST_LINES // 2) :]
    return tuple(kept)


def trailer_lines(message_body: str) -> tuple[str, ...]:
    """The trailers of a commit message, and its footers wherever they stand; at most 20 lines of 300 characters.

    Trailers are the ``Key: value`` lines of the last paragraph, and of the paragraphs before it for as long as those
    hold nothing else.
    """
    paragraphs = _paragraphs(own_lines(message_body))
    first = len(paragraphs) - 1
    while first > 0 and all(_is_trailer(line) or _is_footer(line) for line in paragraphs[first - 1]):
        first -= 1
    kept = [
        _short(line)
        for place, paragraph in enumerate(paragraphs)
        for line in paragraph
        if _is_footer(line) or (place >= first and _is_trailer(line))
    ]
    return tuple(kept[-MOST_TRAILERS:])


def _marker(line: str) -> str:
    if _is_trailer(line) or _is_footer(line) or TICKED.match(plain(line)):
        return _short(line)
    return " ".join(LINK.findall(line))[:LONGEST]


def _is_trailer(line: str) -> bool:
    return TRAILER.match(plain(line)) is not None


def _is_footer(line: str) -> bool:
    return _START.match(plain(line)) is not None


def _short(line: str) -> str:
    return _undecorated(_SPACES.sub(" ", line.replace("**", "")))[:LONGEST]


def _undecorated(line: str) -> str:
    for place, character in enumerate(line):
        if character.isalnum() or character in _OPENERS:
            return line[place:].rstrip()
    return ""


def _paragraphs(lines: Iterator[str]) -> list[list[str]]:
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return paragraphs if paragraphs[-1] else paragraphs[:-1]


def own_lines(text: str) -> Iterator[str]:
    """The lines that are the writer's own: outside code fences, HTML comments and quotations."""
    fence, commented = "", False
    for raw in text.splitlines():
        line = raw
        if commented:
            _, closed, line = line.partition("-->")
            commented = not closed
            if commented:
                continue
        edge = _FENCE.match(line)
        if fence:
            if edge and edge["fence"].startswith(fence) and not edge["info"].strip():
                fence = ""
            continue
        if edge and "`" not in edge["info"]:
            fence = edge["fence"]
            continue
        line, commented = _uncommented(line)
        if not line.lstrip().startswith(">"):
            yield line


def _uncommented(line: str) -> tuple[str, bool]:
    """The line without its comments, and whether one goes on; only a comment that begins a line may span lines."""
    while "<!--" in line:
        before, _, after = line.partition("<!--")
        inside, closed, rest = after.partition("-->")
        if not closed:
            return (before, True) if not before.strip() else (f"{before} {inside}", False)
        line = before + rest
    return line, False
