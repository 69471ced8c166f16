"""What retrospective notes name: themes, by keywords; which themes is all that is kept of a note.

A keyword counts as a whole word, in any case; where it has several words, white space or a dash may stand between
them. Of text in Markdown nothing counts in headings, which come with the template of every note, nor in code,
quotations and comments (``markers.own_lines``); addresses count nowhere.
"""

import fnmatch
import re
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from exporter.markers import LINK, own_lines


class Theme(StrEnum):
    """What a note may name."""

    QA = "qa"
    REVIEW = "review"
    CI = "ci"
    ENVIRONMENT = "environment"
    REQUIREMENTS = "requirements"


LABELS = (
    "retrospective", "retrospectives", "*/retrospective", "*: retrospective", "sprint retrospective",
    "sprint-retrospective",
)  # fmt: skip
"""Labels of issues that are retrospective notes, as globs in which case does not count."""
# Careful words: every sprint has a review, a pipeline may carry data or sales, and work has an environment.
QA = (
    "qa", "quality assurance", "tester", "testers", "manual test", "manual tests", "manual testing", "manually tested",
    "regression testing", "regression test phase", "acceptance testing", "uat", "waiting for testing",
    "waiting for test", "test phase",
)  # fmt: skip
REVIEW = (
    "code review", "code reviews", "reviewer", "reviewers", "review queue", "review time", "review times",
    "waiting for review", "waiting for reviews", "waiting on review", "pr review", "pr reviews", "merge request review",
    "pull request review", "pull request reviews", "slow review", "slow reviews", "unreviewed",
)  # fmt: skip
CI = (
    "ci", "continuous integration", "build pipeline", "build pipelines", "build time", "build times", "broken build",
    "broken builds", "slow build", "slow builds", "red build", "red builds", "flaky", "flaky test", "flaky tests",
)  # fmt: skip
ENVIRONMENT = (
    "test environment", "test environments", "staging", "staging environment", "dev environment", "dev environments",
    "development environment", "development environments", "local environment", "local environments",
    "environment was down", "environments were down", "test data",
)  # fmt: skip
REQUIREMENTS = (
    "requirement", "requirements", "acceptance criteria", "acceptance criterion", "specification", "specifications",
    "unclear story", "unclear stories", "unclear ticket", "unclear tickets", "scope creep", "changing scope",
)  # fmt: skip


class RetroRules(Struct, frozen=True):
    """Which issues are notes, by their labels, and by which words a note names a theme."""

    labels: tuple[str, ...] = LABELS
    qa: tuple[str, ...] = QA
    review: tuple[str, ...] = REVIEW
    ci: tuple[str, ...] = CI
    environment: tuple[str, ...] = ENVIRONMENT
    requirements: tuple[str, ...] = REQUIREMENTS

    def is_note(self, label: str) -> bool:
        """Whether an issue with this label is a note."""
        return _labels(self.labels).fullmatch(label) is not None

    def named(self, text: str, *, markdown: bool = True) -> tuple[str, ...]:
        """The themes that a note's text names, each once, in the order of ``Theme``."""
        lines = own_lines(text) if markdown else iter(text.splitlines())
        counted = (line for line in lines if not (markdown and line.lstrip().startswith("#")))
        told = LINK.sub(" ", "\n".join(counted))
        return tuple(str(each) for each in Theme if _words(getattr(self, each)).search(told))


NO_NOTES = RetroRules(labels=())
"""Nothing is a note."""


@lru_cache(maxsize=8)
def _labels(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all globs; it matches nothing when there are none."""
    return re.compile("|".join(fnmatch.translate(each) for each in globs) or r"(?!)", re.IGNORECASE)


@lru_cache(maxsize=32)
def _words(keywords: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all keywords; it matches nothing when there are none."""
    spelt = (r"[\s-]+".join(re.escape(word) for word in each.split()) for each in keywords)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelt)})(?!\w)" if keywords else r"(?!)", re.IGNORECASE)
