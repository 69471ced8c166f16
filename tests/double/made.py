"""Makes a large world quickly, for tests of cost: few busy repositories, many quiet ones, ordinary reviews."""

import random
from itertools import accumulate

from tests.double.facts import Commit, Item, PullRequest, account
from tests.double.world import World

DAY = 86_400
END = 1_750_000_000
"""The default end of a made world, in June 2025."""
MERGED, CLOSED = 0.80, 0.92
"""Shares of the changes that end merged, and merged or closed."""


def made_world(
    repositories: int = 1000,
    changes: int = 50_000,
    days: int = 30,
    seed: int = 1,
    end: int = END,
    owner: str = "acme",
) -> World:
    """A world whose changes were opened in the ``days`` before ``end``, about nine timeline items each."""
    chance = random.Random(seed)
    world = World(end)
    homes = [world.add_repository(f"{owner}/service-{n:04}") for n in range(repositories)]
    weights = list(accumulate(1 / (n + 3) for n in range(repositories)))
    people = [f"dev{n}" for n in range(max(5, repositories // 3))]
    numbers = [0] * repositories
    start = end - days * DAY
    opened = sorted(chance.randrange(start, end) for _ in range(changes))
    for n, at in enumerate(opened):
        place = chance.choices(range(repositories), cum_weights=weights)[0]
        numbers[place] += 1
        pull = PullRequest(
            id=f"PR_{n}",
            number=numbers[place],
            repository=homes[place],
            author=account("renovate[bot]" if chance.random() < 0.1 else chance.choice(people)),
            created=at,
            updated=at,
            body="What and why, in a few words.",
            files=[
                (f"src/part{k}.py", chance.randrange(1, 90), chance.randrange(40))
                for k in range(chance.randrange(1, 6))
            ],
        )
        live(pull, people, end, chance)
        pull.updated = max([at, *(item.at for item in pull.items)])
        world.add(pull)
    return world


def live(pull: PullRequest, people: list[str], end: int, chance: random.Random) -> None:
    """Lets a change pass through commits, request, reviews and its end, as far as there is time before ``end``."""
    reviewer = account(chance.choice(people))
    moments = [pull.created + int(gap) for gap in accumulate(chance.expovariate(1 / 9000) + 60 for _ in range(7))]
    commits = 1 + chance.randrange(6)
    for k in range(commits):
        _commit(pull, k, pull.created - 3600 * (commits - k), chance)
    _item(pull, "ReviewRequestedEvent", pull.created, reviewer)
    rounds = chance.choices((0, 1, 2), weights=(15, 60, 25))[0]
    story = [("PullRequestReview", "COMMENTED")] * chance.randrange(2)
    story += [("PullRequestReview", "CHANGES_REQUESTED"), ("PullRequestCommit", None)] * max(0, rounds - 1)
    story += [("PullRequestReview", "APPROVED")] * (min(1, rounds) + chance.randrange(2) * min(1, rounds))
    for (kind, state), at in zip(story, moments, strict=False):
        if at >= end:
            return
        if kind == "PullRequestCommit":
            _commit(pull, commits, at, chance)
        else:
            _item(pull, kind, at, state, reviewer)
    at, fate = moments[len(story)], chance.random()
    if at >= end or fate >= CLOSED:
        return
    pull.closed = at
    if fate < MERGED:
        pull.merged, pull.merge_sha = at, f"{chance.getrandbits(160):040x}"
        _item(pull, "MergedEvent", at)
    _item(pull, "ClosedEvent", at)


def _item(pull: PullRequest, kind: str, at: int, more: object = None, actor: object = None) -> None:
    pull.items.append(Item(kind, f"{kind}_{pull.id}_{len(pull.items)}", at, actor, more))


def _commit(pull: PullRequest, number: int, at: int, chance: random.Random) -> None:
    login = pull.author.login if pull.author else "nobody"
    mail = f"{login}@example.org"
    message = "Do a part\n\nCo-authored-by: Claude <noreply@anthropic.com>" if chance.random() < 0.2 else "Do a part"
    made = Commit(f"{chance.getrandbits(160):040x}", message, at, at, (login, login), (mail, mail), login)
    _item(pull, "PullRequestCommit", at, made)
