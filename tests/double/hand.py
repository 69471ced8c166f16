"""A small world told by hand, in which every edge case happens once, at times one can reckon with."""

from dataclasses import dataclass

from tests.double.ci import PULL_REQUEST, Run, commit, zipped
from tests.double.facts import Commit, Issue, PullRequest, Repository, Team
from tests.double.hand_issues import reported
from tests.double.world import World, seconds

HOUR, DAY = 3600, 86_400
START = seconds("2025-05-01T00:00:00Z")
"""Hour 0 of every story."""
NOW = START + 60 * DAY


@dataclass(frozen=True)
class HandMade:
    """The world and its parts by name: pulls, issues and runs by what happens in them, repositories by their short
    name.
    """

    world: World
    pulls: dict[str, PullRequest]
    repositories: dict[str, Repository]
    runs: dict[str, Run]
    issues: dict[str, Issue]


def hour(hours: float) -> int:
    """The moment so many hours into the stories."""
    return START + round(hours * HOUR)


def hand_made(now: int = NOW) -> HandMade:
    """Four repositories, one of them archived, and a pull request for each edge case.

    Every story opens at hour 0 of the number of days its order gives, so no two share a moment.
    """
    world = World(now)
    shop = world.add_repository("acme/shop", id="R_shop", topics=("checkout", "python"))
    pay = world.add_repository("acme/pay-api", id="R_pay", default_branch="trunk")
    web = world.add_repository("umbrella/web", id="R_web", owner_kind="User", fork=True)
    old = world.add_repository("acme/old", id="R_old", archived=True)
    places = {"shop": shop, "pay-api": pay, "web": web, "old": old}
    pulls: dict[str, PullRequest] = {}
    for n, (name, tell) in enumerate(STORIES.items()):
        home = (shop, pay, web)[n % 3]
        pulls[name] = tell(world, home, hour(24 * n))
    pulls["archived"] = reviewed_and_merged(world, old, hour(0))
    issues = reported(world, shop, pulls["reviewed_and_merged"], pulls["draft_then_ready"], hour(24 * 30))
    return HandMade(world, pulls, places, tell_runs(world, shop), issues)


def reviewed_and_merged(world: World, home: Repository, at: int) -> PullRequest:
    """Opened 0h with a commit authored 2h before, requested 0h, approved 4h, merged 10h."""
    pull = world.open(home, "ann", at=at, body="Adds a basket.", files=[("src/basket.py", 40, 2), ("README.md", 1, 0)])
    world.push(pull, at=at, authored=at - 2 * HOUR, committed=at - HOUR)
    world.request(pull, "bob", at)
    world.review(pull, "bob", at=at + 4 * HOUR)
    world.merge(pull, "bob", at + 10 * HOUR)
    return pull


def draft_then_ready(world: World, home: Repository, at: int) -> PullRequest:
    """Opened as a draft 0h, ready 5h, approved 6h, merged 7h."""
    pull = world.open(home, "ann", at=at, draft=True)
    world.push(pull, at=at)
    world.ready(pull, at + 5 * HOUR)
    world.review(pull, "bob", at=at + 6 * HOUR)
    world.merge(pull, at=at + 7 * HOUR)
    return pull


def drafted_again(world: World, home: Repository, at: int) -> PullRequest:
    """Opened ready 0h, draft 2h, ready 8h, reviewed 9h, merged 12h."""
    pull = world.open(home, "cat", at=at)
    world.redraft(pull, at + 2 * HOUR)
    world.ready(pull, at + 8 * HOUR)
    world.review(pull, "bob", at=at + 9 * HOUR)
    world.merge(pull, at=at + 12 * HOUR)
    return pull


def still_a_draft(world: World, home: Repository, at: int) -> PullRequest:
    """Opened as a draft 0h, commented in review 1h, open."""
    pull = world.open(home, "ann", at=at, draft=True)
    world.review(pull, "bob", "COMMENTED", at + HOUR)
    return pull


def approval_dismissed(world: World, home: Repository, at: int) -> PullRequest:
    """Approved 1h, dismissed 2h, approved by another 5h, merged 6h."""
    pull = world.open(home, "ann", at=at)
    first = world.review(pull, "bob", at=at + HOUR)
    world.dismiss(pull, first, at=at + 2 * HOUR)
    world.review(pull, "cat", at=at + 5 * HOUR)
    world.merge(pull, at=at + 6 * HOUR)
    return pull


def requested_again(world: World, home: Repository, at: int) -> PullRequest:
    """Changes requested 1h, push 2h, re-request 3h, approved 4h, merged 5h; a team was asked, too."""
    pull = world.open(home, "ann", at=at)
    world.request(pull, "bob", at)
    world.request(pull, Team("acme/reviewers"), at)
    world.review(pull, "bob", "CHANGES_REQUESTED", at + HOUR)
    world.push(pull, at=at + 2 * HOUR)
    world.request(pull, "bob", at + 3 * HOUR)
    world.review(pull, "bob", at=at + 4 * HOUR)
    world.merge(pull, at=at + 5 * HOUR)
    return pull


def reopened_soon(world: World, home: Repository, at: int) -> PullRequest:
    """Closed 1h, reopened 3 days later, reviewed and merged a day after that."""
    pull = world.open(home, "ann", at=at)
    world.close(pull, "ann", at + HOUR)
    world.reopen(pull, "ann", at + HOUR + 3 * DAY)
    world.review(pull, "bob", at=at + HOUR + 4 * DAY)
    world.merge(pull, at=at + 2 * HOUR + 4 * DAY)
    return pull


def reopened_late(world: World, home: Repository, at: int) -> PullRequest:
    """Closed 1h, reopened 20 days later, merged an hour after that."""
    pull = world.open(home, "ann", at=at)
    world.close(pull, "ann", at + HOUR)
    world.reopen(pull, "ann", at + HOUR + 20 * DAY)
    world.merge(pull, at=at + 2 * HOUR + 20 * DAY)
    return pull


def unreviewed(world: World, home: Repository, at: int) -> PullRequest:
    """Merged by its author 30 minutes after opening; the author talked to herself."""
    pull = world.open(home, "ann", at=at)
    world.review(pull, "ann", "COMMENTED", at + HOUR // 4)
    world.merge(pull, "ann", at + HOUR // 2)
    return pull


def by_bot(world: World, home: Repository, at: int) -> PullRequest:
    """A dependency update; a bot and then a person approve, merged 3h."""
    pull = world.open(home, "renovate[bot]", at=at, head="renovate/lodash-4.x")
    world.push(pull, "renovate[bot]", at=at)
    world.review(pull, "renovate-approve[bot]", at=at + HOUR)
    world.review(pull, "bob", at=at + 2 * HOUR)
    world.merge(pull, at=at + 3 * HOUR)
    return pull


def by_agent(world: World, home: Repository, at: int) -> PullRequest:
    """Opened as a draft by Copilot's account, ready 1h, a review bot 2h, a person 3h, merged 4h."""
    pull = world.open(home, "Copilot", at=at, draft=True, head="copilot/fix-1")
    world.push(pull, at=at, message="Fix\n\nCaused-by: #1\nCo-authored-by: ann <ann@example.org>")
    world.ready(pull, at + HOUR)
    world.review(pull, "copilot-pull-request-reviewer[bot]", "COMMENTED", at + 2 * HOUR)
    world.review(pull, "ann", at=at + 3 * HOUR)
    world.merge(pull, "ann", at + 4 * HOUR)
    return pull


def agent_branch(world: World, home: Repository, at: int) -> PullRequest:
    """A person's account, an agent's branch; open and awaiting review."""
    pull = world.open(home, "ann", at=at, head="codex/add-retries")
    world.push(pull, at=at)
    return pull


def agent_trailer(world: World, home: Repository, at: int) -> PullRequest:
    """A person's branch whose commit names an assistant; reviewed 2h, merged 3h."""
    pull = world.open(home, "ann", at=at)
    world.push(pull, at=at, message="Add x\n\nWhy.\n\nCo-Authored-By: Claude <noreply@anthropic.com>")
    world.review(pull, "bob", at=at + 2 * HOUR)
    world.merge(pull, at=at + 3 * HOUR)
    return pull


def agent_body(world: World, home: Repository, at: int) -> PullRequest:
    """A description edited at 1h to name an assistant; reviewed 2h, open."""
    pull = world.open(home, "cat", at=at, body="Adds y.")
    world.edit(pull, "Adds y.\n\nGenerated with [Claude Code](https://claude.ai/code)", at + HOUR)
    world.review(pull, "bob", "CHANGES_REQUESTED", at + 2 * HOUR)
    return pull


def by_ghost(world: World, home: Repository, at: int) -> PullRequest:
    """The author's account is gone; reviewed by another that is gone, and by bob 2h; merged 3h."""
    pull = world.open(home, None, at=at)
    world.review(pull, "ghost", at=at + HOUR)
    world.review(pull, "bob", at=at + 2 * HOUR)
    world.merge(pull, at=at + 3 * HOUR)
    return pull


def long_timeline(world: World, home: Repository, at: int) -> PullRequest:
    """120 commits, a minute apart, then an approval 3h and the merge 4h: 123 items."""
    pull = world.open(home, "ann", at=at)
    for n in range(120):
        world.push(pull, at=at + 60 * n, message=f"Step {n}")
    world.review(pull, "bob", at=at + 3 * HOUR)
    world.merge(pull, at=at + 4 * HOUR)
    return pull


def many_files(world: World, home: Repository, at: int) -> PullRequest:
    """250 files of 3 lines added and 1 deleted each; approved 1h, merged 2h."""
    pull = world.open(home, "ann", at=at, files=[(f"src/m{n:03}.py", 3, 1) for n in range(250)])
    world.review(pull, "bob", at=at + HOUR)
    world.merge(pull, at=at + 2 * HOUR)
    return pull


def revert(world: World, home: Repository, at: int) -> PullRequest:
    """Takes back a change; approved 10 minutes later, merged 20 minutes later."""
    pull = world.open(home, "bob", at=at, head="revert-1-topic", body=f"Reverts {home.name}#1")
    world.review(pull, "ann", at=at + HOUR // 6)
    world.merge(pull, at=at + HOUR // 3)
    return pull


def force_pushed_and_retargeted(world: World, home: Repository, at: int) -> PullRequest:
    """Opened onto another branch, force-pushed 1h, retargeted to main 2h, files unknown, open."""
    pull = world.open(home, "ann", at=at, base="next", files=None)
    world.force_push(pull, at + HOUR)
    world.retarget(pull, "main", at + 2 * HOUR)
    return pull


def abandoned(world: World, home: Repository, at: int) -> PullRequest:
    """Requested 0h, a comment 1h, closed 2 days later."""
    pull = world.open(home, "ann", at=at)
    world.request(pull, "bob", at)
    world.comment(pull, "bob", at + HOUR)
    world.close(pull, "ann", at + 2 * DAY)
    return pull


RED, MENDED, TOPIC = commit(101), commit(102), commit(103)
"""A commit of the shop's main branch with a failing test, the one that mends it, and one of a change's branch."""
REPORT = """<testsuite name="unit"><testcase classname="cart" name="adds" time="0.5"/>
<testcase classname="cart" name="empties"><failure message="no"/></testcase></testsuite>"""


def tell_runs(world: World, home: Repository) -> dict[str, Run]:
    """Runs of the shop: an hour each from hour 0 on, in the order of their names here; 10 minutes from asked to end."""
    ci, runs = world.ci, {}
    for n, (name, how) in enumerate(
        {
            "red": {"sha": RED, "conclusion": "failure", "red": ("unit",)},
            "mended": {"sha": MENDED, "conclusion": "success", "green": ("unit", "lint")},
            "of_a_change": {"sha": TOPIC, "conclusion": "failure", "branch": "topic", "event": PULL_REQUEST},
            "of_a_fork": {"sha": TOPIC, "conclusion": "success", "event": PULL_REQUEST, "fork": "eve/shop"},
            "timed_out": {"sha": RED, "conclusion": "timed_out", "path": ".github/workflows/slow.yml"},
            "could_not_start": {"sha": MENDED, "conclusion": "startup_failure", "green": ()},
            "cancelled": {"sha": MENDED, "conclusion": "cancelled", "green": ()},
            "skipped": {"sha": MENDED, "conclusion": "skipped", "green": ()},
            "many_jobs": {"sha": MENDED, "conclusion": "success", "green": [f"job {k:03}" for k in range(160)]},
        }.items()
    ):
        at = hour(n)
        sha, conclusion = str(how.pop("sha")), str(how.pop("conclusion"))
        runs[name] = ci.ran(home, sha, conclusion, at, at + 600, **how)
    flake = ci.ran(home, MENDED, "failure", hour(20), hour(20) + 600, red=("unit",), path=".github/workflows/e2e.yml")
    ci.finish(ci.retry(flake, hour(21)), green=("unit",), at=hour(21) + 600)
    running = ci.start(home, MENDED, at=hour(30))
    waiting = ci.start(home, TOPIC, branch="topic", event=PULL_REQUEST, at=hour(31), status="completed")
    waiting.attempts[-1].conclusion = "action_required"
    runs |= {"flake": flake, "running": running, "waiting": waiting}
    ci.upload(runs["red"], "junit-linux", zipped({"junit.xml": REPORT}), at=hour(0) + 500)
    ci.upload(runs["red"], "coverage", zipped({"coverage.xml": "<coverage/>"}), at=hour(0) + 500)
    mend = Commit(
        MENDED, "Mend the cart", hour(0) + 900, hour(0) + 960, ("Ann", "Ann"), ("ann@example.org",) * 2, "ann"
    )
    ci.differ(home, RED, MENDED, commits=[mend], files=[("tests/test_cart.py", 3, 1)])
    return runs


STORIES = {
    story.__name__: story
    for story in (
        reviewed_and_merged, draft_then_ready, drafted_again, still_a_draft, approval_dismissed, requested_again,
        reopened_soon, reopened_late, unreviewed, by_bot, by_agent, agent_branch, agent_trailer, agent_body, by_ghost,
        long_timeline, many_files, revert, force_pushed_and_retargeted, abandoned,
    )
}  # fmt: skip
"""Every story by its name."""
