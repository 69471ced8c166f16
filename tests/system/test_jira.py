"""GitHub's changes and Jira's issues meet by key, over HTTP, in repositories of one source."""

from typing import Any

import pytest

from tests.double import TOKEN, World, delivering
from tests.double.jira import Ticket, Tracker
from tests.double.jira import serve as serve_jira
from tests.double.server import serve
from tests.double.world import Repository
from tests.system.processes import command, samples

DAY = 86_400
OPENED, NOW = 1_748_736_000, 1_748_736_000 + 40 * DAY
"""2025-06-01 and forty days later."""

pytestmark = pytest.mark.system


def delivered(world: World, home: Repository) -> None:
    """A change on the branch of SHOP-1, merged after ten days and in production after twenty."""
    pull = world.open(home, at=OPENED, head="feature/shop-1-cart")
    world.push(pull, at=OPENED + 60)
    world.merge(pull, at=OPENED + 10 * DAY)
    assert pull.merge_sha
    base = home.graph.commit(sha="b" * 40, at=OPENED - DAY)
    delivering.deploy(world, home, base, at=OPENED - DAY + 600)
    home.graph.commit(base, sha=pull.merge_sha, at=OPENED + 10 * DAY)
    delivering.deploy(world, home, pull.merge_sha, at=OPENED + 20 * DAY)


def with_qa(jira: Tracker) -> Ticket:
    """SHOP-1, a bug, with the testers from day 11 to day 15."""
    issue = jira.add("SHOP-1", OPENED - DAY, "Bug")
    jira.change(issue, OPENED + 11 * DAY, ("status", {"name": "Testing"}))
    jira.change(issue, OPENED + 15 * DAY, ("status", {"name": "Done"}), ("resolution", {"name": "Done"}))
    return issue


def test_what_qa_had_of_an_issue_is_qas_part_of_a_change_of_another_repository(tmp_path: Any) -> None:
    """Merged on day 10 and in production on day 20, with QA for 4 days: 4 of QA and 10 - 4 = 6 of waiting."""
    world, jira = World(NOW), Tracker()
    world.add_repository("acme/shop")
    delivered(world, world.add_repository("acme/pay"))
    with_qa(jira)
    with serve(world) as github, serve_jira(jira) as url:
        config = tmp_path / "exporter.yaml"
        config.write_text(
            "sources:\n"
            f"  - {{name: forge, url: '{github.enterprise_url}', token_env: FORGE, include: ['acme/*'],\n"
            "     history: 2025-05-01, streams: [deployments]}\n"
            f"  - {{name: tickets, provider: jira, url: '{url}', of: forge, token_env: TICKETS,\n"
            "     projects: {SHOP: ['acme/shop']}, statuses: {Testing: qa}}\n"
            f"store: {{path: '{tmp_path}/state.db'}}\n"
        )
        done = command("once", "-c", config, env={"FORGE": TOKEN, "TICKETS": jira.secret})
    assert done.returncode == 0, done.stderr
    found = samples(done.stdout)

    def value(name: str, **labels: str) -> float | None:
        return found.get((name, frozenset(labels.items())))

    stage = {"repository": "all", "origin": "unmarked"}
    assert value("sdlc_change_stage_seconds_sum", stage="qa", **stage) == 4 * DAY
    assert value("sdlc_change_stage_seconds_sum", stage="deploy_wait", **stage) == 6 * DAY
    assert value("sdlc_qa_seconds_sum", repository="acme/shop") == 4 * DAY
    assert value("sdlc_defects_total", repository="acme/shop", found="unstated") == 1
    assert {path for _, path, _ in jira.asked} == {"/rest/api/3/search/jql"}
