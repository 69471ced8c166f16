"""What holds for every provider: facts are the same whenever they are read, and requests stay on their host."""

import ast
import json
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl

import pytest

from exporter import providers
from exporter.model import Event, Reviewed, Stream, Verdict
from exporter.providers.base import Gap, Home, Page, Request, Response, Wanted
from exporter.providers.github.artifacts import Wanted as Reports
from exporter.providers.github.artifacts import report, uploaded
from exporter.providers.github.compare import compare
from exporter.providers.github.deployments import DeploymentsOf
from exporter.providers.github.findings import CODE, DEPENDENCY, Findings
from exporter.providers.github.listing import Window
from exporter.providers.github.provider import GitHub, Unread
from exporter.providers.github.runs import Runs, Untold
from exporter.providers.github.stirring import stirred
from exporter.providers.gitlab.client import GitLab
from exporter.providers.gitlab.options import Options as GitlabOptions
from exporter.providers.jenkins.client import Jenkins
from exporter.providers.jenkins.options import Options as JenkinsOptions
from exporter.providers.jira.client import Jira
from exporter.providers.jira.options import Options
from exporter.providers.service import Setup
from tests.double import Double, World, delivering, hand_made
from tests.double.actions import rest
from tests.double.ci import zipped
from tests.double.execution import Documents
from tests.double.faults import Asked
from tests.double.gitlab import Gitlab
from tests.double.hand import DAY, MENDED, NOW, RED, START
from tests.double.jenkins import JenkinsServer
from tests.double.jira import Tracker
from tests.double.view import View

EARLIEST = START - 30 * 86_400
"""Commits of the made world were authored before their change was opened."""


@dataclass
class Known:
    """A provider under test: what is asked of it to read a whole world, and who answers."""

    requests: Callable[[int], Sequence[Request]]
    answer: Callable[[Request], Response]
    strange: Callable[[bytes], bytes]
    serves: tuple[Home, ...] = ()
    """Repositories of another source that it tells of."""


def github() -> Known:
    """GitHub over the double's hand-made world."""
    world: World = hand_made().world
    shop = world.names["acme/shop"]
    for n in range(20):
        sha = shop.graph.commit(sha=f"{n:040x}", at=START + n)
        delivering.deploy(world, shop, sha, at=START + 60 * (n + 1), state="SUCCESS" if n % 3 else "FAILURE")
        delivering.release(world, shop, f"v1.{n}.0", sha, START + 60 * n)
        delivering.tag(world, shop, f"v1.{n}.0", sha, START + 60 * n if n % 2 else None)
    waits = delivering.deploy(world, shop, sha, at=START + DAY, state=None)
    for n in range(120):
        found = world.scanning.found(shop, on=list(shop.pulls.values())[n % 3 : 3], sha=sha, at=START + n)
        if n % 2:
            world.scanning.dismiss(found, at=START + DAY)
        world.scanning.vulnerable(shop, "go.sum", at=START + n, severity="high" if n % 2 else "low")
    documents, view = Documents(), View(world, None, lambda: None)
    deployments = DeploymentsOf("/api/graphql")
    wanted = Wanted(shop.id, START, EARLIEST, START, tag=r"v.*")
    provider = GitHub("/api/graphql", comments=True, topics=True)
    merged = [Unread(p.repository.id, p.id, p.number, p.merged) for p in world.pulls.values() if p.merged]

    def requests(size: int) -> list[Request]:
        scope = "user:acme user:umbrella"
        return [
            provider.owner("acme", first=size),
            *provider.named(["acme/shop", "umbrella/web"]),
            provider.held(Window(scope, START, NOW), size),
            *provider.pulse(dict.fromkeys(world.repositories, START)),
            *provider.files(merged[:size] if size < 20 else merged),
            *provider.counts([f"{scope} is:pr"]),
            *stirred("/api/graphql", list(world.repositories)),
            *ci(size),
            deployments.latest(wanted, "deployments", "releases", "tags", first=size),
            *deployments.unfinished({waits.id: wanted}),
            *scanned(),
        ]

    def scanned() -> list[Request]:
        """What is asked about findings, once it is known which there are."""
        provider = Findings("")
        homes = {"acme/shop": Home(shop.id, "acme/shop", "main")}
        listing = provider.alerts(CODE, "acme", homes, START)
        seen = [provider.seen(alert) for alert in listing.read(answer(listing)).found]
        return [listing, provider.alerts(DEPENDENCY, "acme", homes, START), *seen]

    def ci(size: int) -> list[Request]:
        """What is asked about runs, once it is known which there are."""
        runs, home = Runs("", "/api/graphql"), Home("R_shop", "acme/shop", "main")
        listing = runs.created(home, START, NOW)
        found = listing.read(answer(listing)).found
        ended = [run for run in found if run.result is not None]
        untold = [Untold((run,), {run.attempt: run.asked}) for run in ended]
        uploads = uploaded("", home, Reports(), {run.id for run in ended}, START)
        jobs = runs.jobs(home, untold)
        stated = {
            event.id: (told.subject, event) for told in jobs[0].read(answer(jobs[0])).told for event in told.events
        }
        packs = [untold] if size > 20 else [[each] for each in untold]
        return [
            listing,
            *(runs.attempt(home, run, number) for run in ended for number in range(1, run.attempt)),
            *(request for pack in packs for request in runs.jobs(home, pack)),
            uploads,
            *(
                report("", home, Reports(), each, *stated[f"ran:{each.run}:1"])
                for each in uploads.read(answer(uploads)).found
            ),
            compare("", home, Gap(RED, MENDED, (("ci.yml@main#2025-05", START),))),
        ]

    def answer(request: Request) -> Response:
        if request.method == "GET":
            got = rest(world, request.path)
            return Response(got.status, got.headers, got.bytes())
        body = request.body or {}
        data, errors = documents.quickly(body["query"], view.root, dict(body["variables"]))
        assert not errors
        return Response(200, {}, json.dumps({"data": data}).encode())

    def strange(body: bytes) -> bytes:
        for known, new in (
            ("APPROVED", "MARVELLED"), ("ReadyForReviewEvent", "TeleportedEvent"), ('"Bot"', '"Robot"'),
            ('"failure"', '"marvelled"'), ('"conclusion": "FAILURE"', '"conclusion": "MARVELLED"'),
            ("IN_PROGRESS", "LEVITATING"), ('"false positive"', '"marvelled"'),
        ):  # fmt: skip
            body = body.replace(known.encode(), new.encode())
        return body

    return Known(requests, answer, strange)


def jira() -> Known:
    """Jira over a pretend one, whose searches tell only the two newest entries of a changelog."""
    tracker = Tracker(most=2, page=7)
    for n in range(40):
        issue = tracker.add(f"{'PAY' if n % 3 else 'SHOP'}-{n}", START + n, "Bug", labels=["qa"], description="Fixes")
        for step in range(n % 5):
            fields = (("status", {"name": "In Progress"}), ("labels", [f"step{step}"]), ("key", f"SHOP-{n}"))
            tracker.change(issue, START + DAY + n + step, fields[(n + step) % 3])
    homes = (Home("R_pay", "acme/pay", "main"), Home("R_shop", "acme/shop", "main"))
    options = Options(projects={"SHOP": ("acme/shop",), "PAY": ("acme/pay",)})

    def requests(size: int) -> Sequence[Request]:
        asked = Jira(Setup(options=options), size).questions(Stream.ISSUES)
        assert asked is not None
        return [*asked.since(homes, START), *asked.between(homes, START, NOW), *asked.standing(homes, NOW)]

    def answer(request: Request) -> Response:
        got = tracker.answer(request.method, request.path, dict(request.body or {}))
        return Response(got.status, got.headers, got.bytes())

    return Known(requests, answer, lambda body: body.replace(b"In Progress", b"Levitating"), homes)


def through(double: Double, request: Request, root: str = "") -> Response:
    """A double's answer, without a network between."""
    path, _, query = request.path.partition("?")
    asked = Asked(1, request.method, path.removeprefix(root), token=next(iter(double.auth.tokens)))
    if body := request.body:
        asked.path, asked.query, asked.variables = "/graphql", body["query"], dict(body["variables"])
    else:
        asked.variables = dict(parse_qs(query)) if root else dict(parse_qsl(query))
    got = double._answer(asked)
    return Response(got.status, {name.lower(): value for name, value in got.headers.items()}, got.bytes())


def gitlab() -> Known:
    """GitLab over the same hand-made world."""
    world: World = hand_made().world
    shop = world.names["acme/shop"]
    commits = shop.graph.line("", 20, at=START)
    for n, sha in enumerate(commits):
        delivering.deploy(world, shop, sha, at=START + 60 * (n + 1), state="SUCCESS" if n % 3 else "FAILURE")
        delivering.release(world, shop, f"v1.{n}.0", sha, START + 60 * n)
        delivering.tag(world, shop, f"v1.{n}.0", sha, START + 60 * n if n % 2 else None)
    delivering.deploy(world, shop, commits[-1], at=START + DAY, state=None)
    double = Gitlab(world, fast=True)
    setup = Setup(include=("acme/*", "umbrella/web"), options=GitlabOptions(), comments=True)
    homes = [
        Home(str(double.ids.of("Project", one.id)), one.name, one.default_branch or "") for one in world.names.values()
    ]
    wanted = Wanted(homes[0].key, START, EARLIEST, START, tag=r"v.*")

    def requests(size: int) -> list[Request]:
        client = GitLab(setup, size)
        streams = (client.questions(each) for each in (Stream.CHANGES, Stream.RUNS, Stream.ISSUES))
        asked = [each for each in streams if each is not None]
        home = next(each for each in homes if each.name == "acme/shop")
        gap = Gap(RED, MENDED, (("main#2025-05", START),))
        return [
            *client.repositories(),
            *(request for each in asked for request in each.since(homes, START)),
            *(request for each in asked for request in each.standing(homes, NOW)),
            *client.stirred(homes),
            client.compare(home, gap),
            client.deployments().latest(wanted._replace(repository=home.key), "deployments", "releases", "tags"),
        ]

    def strange(body: bytes) -> bytes:
        return body.replace(b'"status": "running"', b'"status": "levitating"')

    return Known(requests, lambda request: through(double, request, "/api/v4"), strange)


def jenkins() -> Known:
    """Jenkins over the runs of the same world, and many more."""
    world: World = hand_made().world
    shop = world.names["acme/shop"]
    for n in range(60):
        how = ("success", "failure", "skipped")[n % 3]
        run = world.ci.ran(shop, f"{n:040x}", how, START + 600 * n, START + 600 * n + 300, branch=f"topic/{n % 7}")
        world.ci.upload(run, "junit", zipped({"junit.xml": '<testsuite name="a"><testcase name="b"/></testsuite>'}))
    double = JenkinsServer(world)
    homes = tuple(Home(one.id, one.name, one.default_branch or "") for one in world.repositories.values())

    def requests(size: int) -> Sequence[Request]:
        asked = Jenkins(Setup(options=JenkinsOptions())).questions(Stream.RUNS)
        assert asked is not None
        return [*asked.since(homes, START), *asked.between(homes, START, NOW), *asked.standing(homes, NOW)]

    def strange(body: bytes) -> bytes:
        return body.replace(b"NOT_BUILT", b"MARVELLED")

    return Known(requests, lambda request: through(double, request), strange, homes)


PROVIDERS = {"github": github, "gitlab": gitlab, "jenkins": jenkins, "jira": jira}


@pytest.fixture(params=sorted(PROVIDERS))
def known(request: pytest.FixtureRequest) -> Known:
    return PROVIDERS[request.param]()


def drained(
    known: Known, size: int = 100, change: Callable[[bytes], bytes] = lambda body: body
) -> Iterator[tuple[Request, Page]]:
    """Every request that comes up, and the page its answer is."""
    pending = list(known.requests(size))
    while pending:
        request = pending.pop(0)
        got = known.answer(request)
        page = request.read(Response(got.status, got.headers, change(got.body)))
        yield request, page
        pending[:0] = page.then


def facts(known: Known, size: int = 100) -> dict[tuple[str, str], set[Event]]:
    """Every fact by subject and id, with all the forms it was told in."""
    seen: dict[tuple[str, str], set[Event]] = defaultdict(set)
    for _, page in drained(known, size):
        for told in page.told:
            for event in told.events:
                seen[told.subject.key, event.id].add(event)
    return seen


def test_every_provider_is_tested_here():
    found = {module.name for module in pkgutil.iter_modules(providers.__path__) if module.ispkg}
    assert found == set(PROVIDERS)


def test_no_code_outside_a_services_package_asks_for_it_by_name():
    """So that another service is a package, its tests and its recorded answers, and nothing else."""
    names, here = set(providers.services()), Path(providers.__file__).parent
    assert names == {"gitlab", "jenkins", "jira"}
    for path in here.parent.rglob("*.py"):
        if here not in path.parents or path.parent == here:
            constants = {each.value for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Constant)}
            assert not constants & names, path


def test_a_fact_is_the_same_fact_whenever_and_in_whatever_pages_it_is_read(known):
    """So that stating it twice is stating it once."""
    whole = facts(known)
    assert len(whole) > 100
    assert all(len(forms) == 1 for forms in whole.values())
    assert facts(known) == whole
    in_pages = facts(known, 7)
    assert {key: forms for key, forms in whole.items() if key[1] != "files"} == {
        key: forms for key, forms in in_pages.items() if key[1] != "files"
    }


def test_every_date_is_a_whole_second_of_this_world(known):
    """A time read without its zone would be off by hours, one in milliseconds by millennia."""
    dates = [event.at for forms in facts(known).values() for event in forms]
    assert all(type(at) is int and EARLIEST <= at <= NOW for at in dates)


def test_words_nobody_knows_survive_and_are_told(known):
    """The same changes are told, with the strange word read as the weakest known one."""
    pages = [page for _, page in drained(known, change=known.strange)]
    assert {told.subject for page in pages for told in page.told} == {
        told.subject for _, page in drained(known) for told in page.told
    }
    assert any(page.unknown for page in pages)
    verdicts = {
        event.verdict for page in pages for told in page.told for event in told.events if isinstance(event, Reviewed)
    }
    assert known.serves or Verdict.COMMENTED in verdicts


def test_every_request_stays_on_the_host_of_its_source(known):
    """A request can name a path only, and the whole of what it sends holds no address to send it to."""
    for request, _ in drained(known):
        assert request.path.startswith("/")
        assert not request.path.startswith("//")
        assert "://" not in request.path
        assert not hasattr(request, "headers")


def test_every_request_about_many_can_be_asked_in_pieces_that_end(known):
    """Cutting goes on to pieces that cannot be cut, and all of them are still about the same."""
    for request in known.requests(100):
        pending, leaves = [request], 0
        while pending:
            pieces = pending.pop().smaller
            cut = pieces() if pieces else ()
            leaves += not cut
            pending += cut
            assert leaves < 1000
        assert leaves > 0


def test_facts_name_repositories_by_their_lasting_id(known):
    found = {repository.key for _, page in drained(known) for repository in page.repositories}
    found |= {home.key for home in known.serves}
    told = {each.subject.repository for _, page in drained(known) for each in page.told}
    assert told
    assert told <= found
