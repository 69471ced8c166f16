"""The definitions a user may change, in one value that measures are given beside the facts."""

import fnmatch
import hashlib
import re
from functools import lru_cache

import msgspec
from msgspec import Struct

from exporter.catalogue import DAY, HOUR
from exporter.globs import any_of
from exporter.labels import LabelRules
from exporter.model import RELEASE, Deployed, Described, Environment, Layer, Opened
from exporter.origin import Decision, Evidence, RuleTable
from exporter.origin_rules import compile_rules, packaged
from exporter.references import takes_back
from exporter.retro import RetroRules

__all__ = [
    "E2E_TESTS",
    "GENERATED",
    "INTEGRATION_TESTS",
    "NEUTRAL_FILES",
    "OTHER_JOBS",
    "TEST_FILES",
    "Decision",
    "Evidence",
    "Policy",
    "RuleTable",
    "compile_rules",
    "packaged",
]

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
ANALYSIS = (
    "*lint*", "*static*analysis*", "sast*", "*[-_/. ]sast*", "*code*scanning*", "*codeql*", "*sonar*", "*semgrep*",
    "*snyk*", "*qodana*", "ruff*", "*mypy*", "*pyright*", "*type*check*", "*clippy*", "*checkstyle*", "*spotbugs*",
    "*detekt*", "*phpstan*", "*rubocop*", "*brakeman*", "*bandit*", "*shellcheck*", "*gosec*",
)  # fmt: skip
"""Names of workflows and jobs that look at code without running it, as globs over the whole name without case."""
SHIPPING = ("deploy*", "release*", "publish*", "*[-_]deploy", "*[-_]publish", "*[-_]release")
NOT_SHIPPING = (
    "*draft*", "release-please*", "release_please*", "*notes*", "*changelog*", "*[-_]pr", "*[-_]prs", "*preview*",
    "*docs*", "*documentation*", "*pages*", "*storybook*", "*staging*", "*[-_]dev", "*[-_]dev[-_]*", "*[-_]qa",
    "*[-_]uat", "*[-_]test", "*[-_]tests", "*dry*run*", "*nightly*", "*snapshot*", "*canary*", "*cleanup*",
)  # fmt: skip
"""Workflows that bring code to production and, asked first, those that only sound so: globs over a workflow file's
name without folder and ending, in which case does not count."""
RELEASE_TAG = r"v?\d+\.\d+\.\d+"
"""Names of tags that are releases: whole versions without a suffix, as a regular expression over the whole name."""

TEST_FILES = (
    # folders
    "test/",
    "tests/",
    "*Tests/",
    "*.Test/",
    "androidTest/",
    "__tests__/",
    "spec/",
    "specs/",
    "e2e/",
    "cypress/",
    # what tests read
    "testdata/",
    "fixtures/",
    "__fixtures__/",
    "__mocks__/",
    "__snapshots__/",
    "*.snap",
    # names
    "conftest.py",
    "test_*.*",
    "*_test.*",
    "*_tests.*",
    "*-test.js",
    "*-test.jsx",
    "*-test.ts",
    "*-test.tsx",
    "*.test.*",
    "*.tests.*",
    "*.spec.*",
    "*_spec.*",
    "*.e2e.*",
    "*.cy.*",
    "*Test.java",
    "*Tests.java",
    "*IT.java",
    "*Test.kt",
    "*Tests.kt",
    "*Test.scala",
    "*Spec.scala",
    "*Spec.groovy",
    "*Test.php",
    "*Test.cs",
    "*Tests.cs",
    "*Tests.swift",
    "*.feature",
    "*.bats",
    "*.t",
)
"""Paths that are tests, or what tests are made of; written as ``GENERATED`` is."""

E2E_TESTS = (
    "e2e/",
    "e2e-tests/",
    "end-to-end/",
    "cypress/",
    "playwright/",
    "selenium/",
    "acceptance/",
    "ui/",
    "uitests/",
    "*UITests/",
    "*.e2e.*",
    "*.e2e-spec.*",
    "*_e2e_test.*",
    "*.cy.*",
    "*.feature",
)
"""Of the tests, those that drive the whole product from outside."""

INTEGRATION_TESTS = (
    "integration/",
    "integrationTest/",
    "*IntegrationTests/",
    "*.Integration.Tests/",
    "integration_tests/",
    "integration-tests/",
    "functional/",
    "system/",
    "contract/",
    "it/",
    "*IT.java",
    "*IntegrationTest.*",
    "*IntegrationTests.*",
    "*.integration.*",
    "*.int.test.*",
    "*_integration_test.*",
    "test_integration*.*",
)
"""Of the tests, those that put several parts together; any test not in this list nor the one above is a unit test."""

NEUTRAL_FILES = (
    # documents
    "docs/",
    "doc/",
    "*.md",
    "*.rst",
    "*.adoc",
    "LICENSE*",
    "CODEOWNERS",
    # what tells CI and tools what to do
    ".github/",
    ".gitlab/",
    ".gitlab-ci.yml",
    ".circleci/",
    "azure-pipelines*.yml",
    "Jenkinsfile*",
    ".pre-commit-config.yaml",
    ".editorconfig",
    ".gitignore",
    ".gitattributes",
)
"""Paths that are neither a test nor the product: who edits only these has mended neither."""

OTHER_JOBS = (
    "*lint*",
    "*format*",
    "*style*",
    "*deploy*",
    "*publish*",
    "*release*",
    "*docs*",
    "*codeql*",
    "*label*",
    "*stale*",
    "*triage*",
    "*dependabot*",
    "*renovate*",
    "*backport*",
    "*changelog*",
    "*coverage*",
    "*notify*",
)
"""Names of jobs and workflows that run no tests, as globs over the whole name in lower case."""


class Policy(Struct, frozen=True):
    """All a user may redefine.

    ``abandoned_after`` and ``first_activity_within`` are seconds. ``comments_count``: a plain comment by another person
    is a first review. ``generated`` are the paths left out of a change's size; ``test_files`` those of tests, of which
    ``e2e_tests`` and ``integration_tests`` tell the layer; ``neutral_files`` are neither test nor product.
    ``other_jobs`` are names of CI jobs that run no tests. ``most_of_a_fix`` and ``most_of_a_day``: seconds believed of
    one red-to-green episode, and of one author's day. ``production`` and ``staging`` are globs over the names of
    environments, ``analysis`` over those of workflows and jobs that are static analysis. ``labels`` say what an issue
    is, ``retro`` which issues are retrospective notes and what a note names. ``findings_after``: seconds after a merge
    at which what scanners found in it is counted. ``blame``: whose lines a fix takes away is told, and counted apart.

    ``sprint`` and ``productive_week`` (seconds) say how window summaries are told and change no observation.
    """

    rules: RuleTable
    abandoned_after: int = 14 * DAY
    first_activity_within: int = 90 * DAY
    comments_count: bool = False
    generated: tuple[str, ...] = GENERATED
    test_files: tuple[str, ...] = TEST_FILES
    e2e_tests: tuple[str, ...] = E2E_TESTS
    integration_tests: tuple[str, ...] = INTEGRATION_TESTS
    neutral_files: tuple[str, ...] = NEUTRAL_FILES
    other_jobs: tuple[str, ...] = OTHER_JOBS
    most_of_a_fix: int = 4 * HOUR
    most_of_a_day: int = 8 * HOUR
    sprint: int = 14 * DAY
    productive_week: int = 32 * HOUR
    production: tuple[str, ...] = PRODUCTION
    staging: tuple[str, ...] = STAGING
    analysis: tuple[str, ...] = ANALYSIS
    labels: LabelRules = LabelRules()
    retro: RetroRules = RetroRules()
    findings_after: int = 7 * DAY
    blame: bool = False

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

    def is_analysis(self, name: str) -> bool:
        """Whether a workflow or job of this name looks at code without running it."""
        return _named_like(self.analysis).fullmatch(name) is not None

    def counted(self, path: str) -> bool:
        """Whether a file's lines belong to a change's size: it is not generated, vendored or a lock file."""
        return any_of(self.generated).fullmatch(path) is None

    def is_test(self, path: str) -> bool:
        """Whether a file is a test, or made for tests: data, fixtures, snapshots."""
        return any_of(self.test_files).fullmatch(path) is not None

    def test_layer(self, path: str) -> Layer | None:
        """Which kind of test a file is; None for what is no test."""
        if not self.is_test(path):
            return None
        if any_of(self.e2e_tests).fullmatch(path):
            return Layer.E2E
        return Layer.INTEGRATION if any_of(self.integration_tests).fullmatch(path) else Layer.UNIT

    def is_product(self, path: str) -> bool:
        """Whether a file is part of what is built: neither a test nor neutral. Lock files are, for they change it."""
        return not self.is_test(path) and any_of(self.neutral_files).fullmatch(path) is None

    def is_test_job(self, workflow: str, job: str) -> bool:
        """Whether a job runs tests: its name says so, or neither its own nor its workflow's name says otherwise."""
        names = job.lower(), workflow.lower()
        return "test" in names[0] or not any(_named_like(self.other_jobs).fullmatch(name) for name in names)

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
            self.analysis,
            self.labels,
            self.retro,
            self.test_files,
            self.e2e_tests,
            self.integration_tests,
            self.production,
            self.staging,
            self.neutral_files,
            self.other_jobs,
            self.most_of_a_fix,
            self.most_of_a_day,
            self.findings_after,
            self.blame,
        )


def is_release(deployed: Deployed) -> bool:
    """Whether this is a release or tag; an environment may bear the same name."""
    return deployed.environment == RELEASE and deployed.named != ""


@lru_cache(maxsize=16)
def _definition(*parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]


def ships(workflow: str, shipping: tuple[str, ...], not_shipping: tuple[str, ...]) -> bool:
    """Whether a workflow, by its file's path, brings code to production."""
    name = workflow.rpartition("/")[2].removesuffix(".yml").removesuffix(".yaml")
    return not _named_like(not_shipping).fullmatch(name) and _named_like(shipping).fullmatch(name) is not None


@lru_cache(maxsize=16)
def _named_like(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all globs over names; it matches nothing when there are none."""
    return re.compile("|".join(fnmatch.translate(each) for each in globs) or r"(?!)", re.IGNORECASE)
