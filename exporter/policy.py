"""The definitions a user may change, in one value that measures are given beside the facts."""

import hashlib
from functools import lru_cache

import msgspec
from msgspec import Struct

from exporter.catalogue import DAY
from exporter.globs import any_of
from exporter.model import Described, Opened
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


class Policy(Struct, frozen=True):
    """All a user may redefine.

    ``abandoned_after`` and ``first_activity_within`` are seconds. ``comments_count``: a plain comment by another person
    is a first review. ``generated`` are the paths left out of a change's size.
    """

    rules: RuleTable
    abandoned_after: int = 14 * DAY
    first_activity_within: int = 90 * DAY
    comments_count: bool = False
    generated: tuple[str, ...] = GENERATED

    def counted(self, path: str) -> bool:
        """Whether a file's lines belong to a change's size: it is not generated, vendored or a lock file."""
        return any_of(self.generated).fullmatch(path) is None

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
        )


@lru_cache(maxsize=16)
def _definition(*parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]
