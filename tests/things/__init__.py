"""Random stories of every kind of thing, with the subjects they are bound to, for what holds of every measure.

A new kind of fact is added to the module of its thing; ``CASES`` is what the laws are tried on.
"""

from exporter.model import Thing
from tests.things import changes, commits, deployments, findings, issues, runs
from tests.things.base import Case, Other, bound_at, story_at

__all__ = ["CASES", "Case", "Other", "bound_at", "story_at"]

CASES = {
    Thing.CHANGE: changes.cases,
    Thing.RUN: runs.cases,
    Thing.LINE: runs.line_cases,
    Thing.DEPLOYMENT: deployments.cases,
    Thing.ISSUE: issues.cases,
    Thing.COMMIT: commits.cases,
    Thing.FINDING: findings.cases,
}
"""Random cases of each kind of thing."""
