"""What is wrong with one file: every fault with its line and path, sorted, and with secrets blotted out."""

import re
from typing import NamedTuple

SECRET = re.compile(r"gh[a-z]_\w+|github_pat_\w+|glpat-[\w-]+|-----BEGIN.*|://[^/\s]*@")
"""What looks like a credential in a wrong place; it is blotted out of every sentence."""


def join(path: str, key: str) -> str:
    """``path.key``, or ``path["key"]`` where the key is not a plain word."""
    if not re.fullmatch(r"[\w-]+", key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


_LAST_STEP = re.compile(r"""(?:\.?[\w-]+|\[\d+\]|\["[^"]*"\]|.)$""")


class Fault(NamedTuple):
    """One thing wrong with the file; ``line`` counts from 1, and is 0 where the fault has no place."""

    line: int
    path: str
    text: str


class Faults:
    """What is wrong with one file, and where each of its paths is written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[str, int] = {}
        self._kept: dict[str, list[int]] = {}
        self._found: list[Fault] = []
        self._meant: set[str] = set()

    def add(self, path: str, text: str, line: int = 0) -> None:
        """Note a fault; without a line, that of the nearest enclosing path that is written."""
        place = path
        while place and place not in self.lines:
            place = _LAST_STEP.sub("", place)
        self._found.append(Fault(line or self.lines.get(place, 0), path, text))

    def meant(self, path: str) -> None:
        """Note that a misspelt key probably was this one, so that nobody also complains of its absence."""
        self._meant.add(path)

    def written(self, path: str) -> bool:
        """Whether the file says something at this path."""
        return path in self.lines

    def keep(self, path: str, index: int) -> None:
        """Note that this entry of the list at ``path`` could be read."""
        self._kept.setdefault(path, []).append(index)

    def entries(self, path: str) -> list[str]:
        """The paths of those entries of a list that could be read, in order."""
        return [f"{path}[{index}]" for index in self._kept.get(path, ())]

    def touched(self, *paths: str) -> bool:
        """Whether anything at or below one of these paths is already known to be wrong."""
        wrong = [fault.path for fault in self._found] + list(self._meant)
        return any(each == path or each.startswith((f"{path}.", f"{path}[")) for path in paths for each in wrong)

    def sentences(self) -> list[str]:
        """The faults in the order of the file, one line each, with whatever looks like a credential blotted out."""
        return [_sentence(self.name, fault) for fault in sorted(self._found, key=lambda fault: fault.line)]


def _sentence(name: str, fault: Fault) -> str:
    place = f"{name}:{fault.line}" if fault.line else name
    sentence = ": ".join(part for part in (place, fault.path, fault.text) if part)
    return SECRET.sub("[hidden]", " ".join(sentence.split()))
