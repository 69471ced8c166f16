"""The definitions a user may change, in one value that measures are given beside the facts."""

import hashlib
import re
from functools import lru_cache

import msgspec
from msgspec import Struct

from exporter.catalogue import DAY
from exporter.markers import plain
from exporter.model import Described, Environment, Opened
from exporter.origin import Decision, Evidence, RuleTable
from exporter.origin_rules import compile_rules, packaged

__all__ = ["GENERATED", "Decision", "Evidence", "Policy", "RuleTable", "compile_rules", "packaged"]

GENERATED = (
    # lock files
    "*.lock",
    "*.lockb",
    "*.lockfile",
    "*-lock.json",
    "*-lock.yaml",
    "npm-shrinkwrap.json",
    "packages.lock.json",
    "go.sum",
    "go.work.sum",
    "Package.resolved",
    # vendored
    "vendor/",
    "third_party/",
    "node_modules/",
    "bower_components/",
    "Godeps/",
    "Pods/",
    # generated
    "dist/",
    "__snapshots__/",
    "__generated__/",
    "*.snap",
    "*.map",
    "*.min.js",
    "*.min.css",
    "*_pb2.py",
    "*_pb2.pyi",
    "*_pb2_grpc.py",
    "*.pb.go",
    "*.pb.gw.go",
    "*.pb.cc",
    "*.pb.h",
    "*.g.cs",
    "*.g.dart",
    "*.freezed.dart",
    "*.designer.cs",
    "*.generated.*",
    "*_generated.*",
    "zz_generated.*",
)
"""Paths whose lines nobody wrote by hand: lock files, vendored folders, generated files.

``name/`` is a folder of that name anywhere, a glob without ``/`` a file name anywhere, any other glob the whole path,
in which ``**`` spans folders. Case counts.
"""

PRODUCTION = ("live", "prod", "prod-*", "*-prod", "production", "production-*", "*-production", "release")
STAGING = ("pre-prod*", "preprod*", "stag*", "*-staging", "uat*")
"""A forge's own names of environments, in lower case; ``release`` is where a release or tag goes."""

_REVERT_BRANCH = re.compile(r"revert-\d+-.+")
_REVERT_LINE = re.compile(
    r"reverts\s+(?:[\w.-]+/[\w.-]+)?[#!]\d+|reverts\s+https?://\S+/(?:pull|merge_requests)/\d+"
    r"|this reverts (?:commit\s+[0-9a-f]{7,64}|merge request\s+\S*!\d+)",
    re.IGNORECASE,
)


class Policy(Struct, frozen=True):
    """All a user may redefine.

    ``abandoned_after`` and ``first_activity_within`` are seconds. ``comments_count``: a plain comment by another person
    is a first review. ``generated`` are the paths left out of a change's size. ``production`` and ``staging``: globs
    over the names of environments.
    """

    rules: RuleTable
    abandoned_after: int = 14 * DAY
    first_activity_within: int = 90 * DAY
    comments_count: bool = False
    generated: tuple[str, ...] = GENERATED
    production: tuple[str, ...] = PRODUCTION
    staging: tuple[str, ...] = STAGING

    def environment(self, name: str) -> Environment:
        """Where a forge's own name of an environment leads, whatever its case."""
        if _any_of(self.production).fullmatch(name.lower()):
            return Environment.PRODUCTION
        return Environment.STAGING if _any_of(self.staging).fullmatch(name.lower()) else Environment.OTHER

    def counted(self, path: str) -> bool:
        """Whether a file's lines belong to a change's size: it is not generated, vendored or a lock file."""
        return _any_of(self.generated).fullmatch(path) is None

    def is_revert(self, opened: Opened, described: Described | None) -> bool:
        """Whether a change takes back another: by the branch the forge's button makes, or by its description's line."""
        if _REVERT_BRANCH.fullmatch(opened.head):
            return True
        return described is not None and any(_REVERT_LINE.match(plain(line)) for line in described.lines)

    @property
    def definition(self) -> str:
        """A short hash of all of the above; observations of different definitions are never compared."""
        return _definition(
            self.rules.fingerprint,
            self.abandoned_after,
            self.first_activity_within,
            self.comments_count,
            self.generated,
            self.production,
            self.staging,
        )


@lru_cache(maxsize=16)
def _definition(*parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]


@lru_cache(maxsize=16)
def _any_of(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all globs; it matches nothing when there are none."""
    return re.compile("|".join(f"(?:{_pattern(each)})" for each in globs) or r"(?!)")


_WILD = re.compile(r"(?<![^/])\*\*/|\*\*|\*|\?")
_MEANS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _pattern(glob: str) -> str:
    """A glob as a regular expression over a whole path; ``**`` spans folders, ``*`` and ``?`` stay inside a name."""
    rooted = "/" in glob.rstrip("/")
    bare = glob.strip("/")
    text, last = "" if rooted else "(?:.*/)?", 0
    for wild in _WILD.finditer(bare):
        text += re.escape(bare[last : wild.start()]) + _MEANS[wild[0]]
        last = wild.end()
    return text + re.escape(bare[last:]) + ("/.*" if glob.endswith("/") else "")
