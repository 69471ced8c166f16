"""What a tool that looks for weaknesses in code, or in what it depends on, says of one it found."""

import re
from enum import StrEnum

from exporter.model.base import Event

_MANIFEST = re.compile(
    r"(?:.*/)?(?:package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock"
    r"|requirements[^/]*\.txt|pipfile(?:\.lock)?|poetry\.lock|uv\.lock|pyproject\.toml|setup\.py"
    r"|gemfile(?:\.lock)?|[^/]+\.gemspec|go\.(?:mod|sum)|pom\.xml|build\.gradle(?:\.kts)?|gradle\.lockfile"
    r"|[^/]+\.(?:cs|fs|vb|vcx)proj|packages\.(?:config|lock\.json)|composer\.(?:json|lock)|cargo\.(?:toml|lock)"
    r"|pubspec\.(?:yaml|lock)|mix\.(?:exs|lock)|package\.(?:swift|resolved))|\.github/workflows/[^/]+\.ya?ml",
    re.IGNORECASE,
)


def is_manifest(path: str) -> bool:
    """Whether a file names what a repository depends on.

    Source: https://docs.github.com/code-security/supply-chain-security/dependency-graph-supported-package-ecosystems
    """
    return _MANIFEST.fullmatch(path) is not None


class Severity(StrEnum):
    """How bad a finding is, in the words of the tool that grades it; ``unknown`` where it grades nothing."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


class Found(Event, frozen=True, tag="found", array_like=True):
    """A weakness of the default branch was found for the first time, there or on the head of a change before.

    ``changes``: numbers of the changes on whose heads it was seen, as known when it was read first. ``commits``: where
    it was seen on no such head, those of the default branch it was seen at then. ``manifest``: of a dependency known to
    be vulnerable before, the file that names it.
    """

    severity: Severity
    changes: tuple[int, ...] = ()
    commits: tuple[str, ...] = ()
    manifest: str = ""


class Judged(Event, frozen=True, tag="judged", array_like=True):
    """Somebody decided what a finding is worth: whether it is a false positive (``wrong``), or stands again."""

    wrong: bool


FindingEvent = Found | Judged
