"""Who takes part in the pretend organisation: teams and repositories, the ways of writing changes, what a day is like.

All names are made up. Marks are those the real tools leave, so that the shipped rules of AI origin find them.
"""

import math
from typing import Any

from msgspec import Struct

from exporter.model import Actor, Origin

SATURDAY = 5


class Team(Struct, frozen=True):
    """Who reviews together. ``slug`` begins the names of its repositories, ``offset`` is in hours east of UTC.

    ``ahead``: days by which it takes up AI before the others. ``load``: arrivals by review capacity before AI.
    """

    slug: str
    offset: int
    ahead: int
    load: float
    cast: tuple[str, ...]


TEAMS = {
    "pay": Team("pay", 1, -8, 0.56, ("dev-ana", "dev-bo", "dev-chen", "dev-dita", "dev-emil", "dev-fay")),
    "web": Team("web", 0, 12, 0.54, ("dev-gus", "dev-hana", "dev-iris", "dev-jo", "dev-kofi", "dev-lin", "dev-mo")),
    "data": Team("data", 2, -4, 0.52, ("dev-nour", "dev-olga", "dev-pim", "dev-quin", "dev-rosa")),
    "platform": Team("platform", -3, 4, 0.49, ("dev-sam", "dev-tove", "dev-uma", "dev-vik", "dev-wren")),
}

SITES = (
    ("pay-api", 2.4),
    ("web-shop", 7.5),  # the busy monorepo
    ("data-ingest", 1.8),
    ("platform-auth", 1.6),
    ("pay-ledger", 1.5),
    ("web-account", 1.6),
    ("data-reports", 1.2),
    ("platform-infra", 2.0),
    ("pay-checkout", 1.3),
    ("web-mobile", 1.7),
    ("data-glossary", 0.04),  # the quiet one
    ("platform-search", 1.2),
)
"""Repositories, and how many changes people open in each on a working day before AI."""

ARRIVALS = (1.05, 1.1, 1.05, 1.0, 0.8, 0.06, 0.06)
"""Changes opened by weekday, Monday first, by the average of working days."""

TOPICS = ("retries", "cache", "rounding", "login", "search", "export", "paging", "webhooks", "timeouts", "audit-log")


class Writer(Struct, frozen=True):
    """A way of writing changes, and the marks it leaves.

    ``account`` opens the change itself; without one a person does. ``signs`` are name and address of the commits'
    author. ``coding`` is the median in working hours, ``lines`` of the size; ``drafts`` and ``dropped`` are shares.
    """

    weight: int
    origin: Origin
    account: Actor | None = None
    branch: str = "feature/"
    signs: tuple[str, str] | None = None
    trailers: tuple[str, ...] = ()
    description: tuple[str, ...] = ()
    coding: float = 9.0
    lines: int = 45
    drafts: float = 0.1
    dropped: float = 0.05


def _agent(weight: int, branch: str, drafts: float = 0.3, **marks: Any) -> Writer:
    return Writer(weight, Origin.AGENTIC, branch=branch, coding=0.7, lines=120, drafts=drafts, dropped=0.14, **marks)


def _assistant(weight: int, trailer: str, *description: str) -> Writer:
    return Writer(
        weight,
        Origin.ASSISTED,
        trailers=(trailer,),
        description=description,
        coding=3.5,
        lines=80,
        dropped=0.06,
    )


def _updater(weight: int, login: str, number: int, branch: str) -> Writer:
    account, signs = Actor(login, bot=True), (login, f"{number}+{login}@users.noreply.github.com")
    return Writer(weight, Origin.BOT, account, branch, signs, drafts=0.0)


PERSON = Writer(1, Origin.UNMARKED)
REVERTER = Writer(1, Origin.UNMARKED, coding=0.1, drafts=0.0)

_CLAUDE_CODE = "Generated with [Claude Code](https://claude.com/claude-code)"

AGENTS = (
    _agent(
        30,
        "copilot/",
        drafts=1.0,
        account=Actor("copilot-swe-agent[bot]", bot=True),
        signs=("copilot-swe-agent[bot]", "198982749+copilot@users.noreply.github.com"),
    ),
    _agent(30, "claude/", signs=("Claude", "noreply@anthropic.com"), description=(_CLAUDE_CODE,)),
    _agent(20, "codex/", description=("https://chatgpt.com/codex/tasks/task_e_demo",)),
    _agent(
        12,
        "devin/",
        account=Actor("devin-ai-integration[bot]", bot=True),
        signs=("Devin AI", "158243242+devin-ai-integration[bot]@users.noreply.github.com"),
        description=("https://app.devin.ai/sessions/demo",),
    ),
    _agent(8, "cursor/", signs=("Cursor Agent", "cursoragent@cursor.com")),
)

ASSISTANTS = (
    _assistant(45, "Co-Authored-By: Claude <noreply@anthropic.com>", _CLAUDE_CODE),
    _assistant(30, "Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>"),
    _assistant(15, "Made-with: Cursor"),
    _assistant(10, "Co-authored-by: Codex <noreply@openai.com>"),
)

UPDATERS = (
    _updater(60, "dependabot[bot]", 49699333, "dependabot/npm_and_yarn/"),
    _updater(40, "renovate[bot]", 29139614, "renovate/"),
)

REVIEWING_BOT, BUILDING_BOT = Actor("coderabbitai[bot]", bot=True), Actor("github-actions[bot]", bot=True)


class Climate(Struct, frozen=True):
    """What a day is like for a team: share of changes AI has a part in, and how far that has come (0 to about 1.3).

    ``wait`` is the median of working hours until a first review.
    """

    adoption: float
    progress: float
    wait: float

    def between(self, before: float, after: float) -> float:
        """A quantity that goes from ``before`` to ``after`` as AI is taken up."""
        return before + (after - before) * self.progress


def climate(team: Team, days: int, weekday: int, *, crowded: bool = True) -> Climate:
    """The climate ``days`` after the history began: a logistic rise from 5 % to 60 % around day 90, then slowly on.

    Waiting follows the load as in a queue with one server (M/M/1: service time * load / (1 - load)), up to 0.92;
    ``crowded``: more asks for review as AI is taken up, and reviewers stay as many.
    """
    ahead = days + team.ahead
    adoption = 0.05 + 0.55 / (1 + math.exp((90 - ahead) / 14)) + 0.15 * (1 - math.exp(-max(0, ahead - 120) / 365))
    progress = (adoption - 0.05) / 0.55
    load = min(0.92, team.load * (1 + 0.35 * progress * crowded) * (ARRIVALS[weekday] if weekday < SATURDAY else 1))
    return Climate(adoption, progress, 2.3 * load / (1 - load))
