"""Globs over the paths of files, in the one dialect every option of the configuration uses."""

import re
from functools import lru_cache

_WILD = re.compile(r"(?<![^/])\*\*/|\*\*|\*|\?")
_MEANS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@lru_cache(maxsize=16)
def any_of(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all globs, to be matched in full; it matches nothing when there are none.

    ``name/`` is a folder of that name anywhere, a glob without ``/`` a file name anywhere, any other glob the whole
    path, in which ``**`` spans folders. Case counts.
    """
    return re.compile("|".join(f"(?:{_pattern(each)})" for each in globs) or r"(?!)")


def _pattern(glob: str) -> str:
    """A glob as a regular expression over a whole path; ``**`` spans folders, ``*`` and ``?`` stay inside a name."""
    rooted = "/" in glob.rstrip("/")
    bare = glob.strip("/")
    text, last = "" if rooted else "(?:.*/)?", 0
    for wild in _WILD.finditer(bare):
        text += re.escape(bare[last : wild.start()]) + _MEANS[wild[0]]
        last = wild.end()
    return text + re.escape(bare[last:]) + ("/.*" if glob.endswith("/") else "")
