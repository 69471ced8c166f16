"""The definitions a user may change, in one value that measures are given beside the facts."""

import fnmatch
import hashlib
import re
from functools import lru_cache

import msgspec
from msgspec import Struct

from exporter.catalogue import DAY
from exporter.model import RELEASE, Deployed, Described, Environment, Opened
from exporter.origin import Decision, Evidence, RuleTable
from exporter.origin_rules import compile_rules, packaged
from exporter.references import takes_back

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

PRODUCTION = ("prod*", "live", "*[-_/. ]prod", "*[-_/. ]production", "*[-_/. ]live", "*[-_/. ]prod[-_/. ]*")
STAGING = (
    "stag*", "*[-_/. ]stag*", "preprod*", "pre-prod*", "*[-_/. ]preprod", "*[-_/. ]pre-prod*", "nonprod*", "non-prod*",
    "uat*", "*[-_/. ]uat", "qa*", "*[-_/. ]qa",
)  # fmt: skip
"""Environments by the forge's own names, as globs over the whole name in which case does not count; staging is asked
first, so that ``pre-production`` is none."""
RELEASE_TAG = r"v?\d+\.\d+\.\d+"
"""Names of tags that are releases: whole versions without a suffix, as a regular expression over the whole name."""


class Policy(Struct, frozen=True):
    """All a user may redefine.

    ``abandoned_after`` and ``first_activity_within`` are seconds. ``comments_count``: a plain comment by another person
    is a first review. ``generated`` are the paths left out of a change's size. ``production`` and ``staging`` are globs
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
        """Which kind of environment a forge's name means."""
        if _named_like(self.staging).fullmatch(name):
            return Environment.STAGING
        return Environment.PRODUCTION if _named_like(self.production).fullmatch(name) else Environment.OTHER

    def goes_to(self, deployed: Deployed) -> Environment:
        """Where a deployment goes; a release or tag goes to production."""
        return Environment.PRODUCTION if is_release(deployed) else self.environment(deployed.environment)

    def in_production(self, deployed: Deployed) -> bool:
        """Whether this is how its repository's code reaches production, had it only succeeded."""
        return deployed.counts and self.goes_to(deployed) is Environment.PRODUCTION

    def counted(self, path: str) -> bool:
        """Whether a file's lines belong to a change's size: it is not generated, vendored or a lock file."""
        return _any_of(self.generated).fullmatch(path) is None

    def is_revert(self, opened: Opened, described: Described | None) -> bool:
        """Whether a change takes back another: by the branch the forge's button makes, or by its description's line."""
        return takes_back(opened.head, described.lines if described is not None else ())

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


def is_release(deployed: Deployed) -> bool:
    """Whether this is a release or tag; an environment may bear the same name."""
    return deployed.environment == RELEASE and deployed.named != ""


@lru_cache(maxsize=16)
def _definition(*parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]


@lru_cache(maxsize=16)
def _any_of(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all globs; it matches nothing when there are none."""
    return re.compile("|".join(f"(?:{_pattern(each)})" for each in globs) or r"(?!)")


@lru_cache(maxsize=16)
def _named_like(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all globs over names; it matches nothing when there are none."""
    return re.compile("|".join(fnmatch.translate(each) for each in globs) or r"(?!)", re.IGNORECASE)


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
