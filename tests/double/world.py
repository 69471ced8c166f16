"""The world the double serves, and the things that happen in it while it is served."""

from __future__ import annotations

import hashlib
import threading
import time
from bisect import insort
from collections import deque
from datetime import datetime
from typing import Any

from tests.double.ci import Ci
from tests.double.facts import Account, Commit, Deployment, Issue, Item, PullRequest, Repository, Team, account
from tests.double.scanning import Scanning

Who = str | Account | None


class World:
    """Repositories, pull requests, issues (``tests.double.tracker``) and a clock.

    The clock stands at ``now`` unless ``speed`` says otherwise (1.0 runs as the machine's). ``lag`` is how many seconds
    search is behind. Every change of the world takes ``lock``, so that a test may change it while it is served. Times
    given as ``at`` default to now.
    """

    def __init__(self, now: int, speed: float = 0.0) -> None:
        self.lock = threading.RLock()
        self.lag = 0
        self.repositories: dict[str, Repository] = {}
        self.names: dict[str, Repository] = {}
        self.pulls: dict[str, PullRequest] = {}
        self.issues: dict[str, Issue] = {}
        self.ci = Ci(self)
        self.deployments: dict[str, Deployment] = {}
        self.scanning = Scanning(self)
        self._speed = speed
        self._start, self._since = float(now), time.monotonic()
        self._waiting: deque[tuple[int, PullRequest | Issue, tuple[int, str, bool]]] = deque()
        self._sorted: dict[tuple[str, str], tuple[list[int], list[Any]]] = {}

    @property
    def now(self) -> int:
        """The world's time, in seconds since the epoch; may be set."""
        return int(self._start + (time.monotonic() - self._since) * self._speed)

    @now.setter
    def now(self, at: float) -> None:
        self._start, self._since = float(at), time.monotonic()

    def run(self, speed: float = 1.0) -> None:
        """Lets the clock run from where it stands, at so many of its seconds per second."""
        self.now, self._speed = self.now, speed

    def add_repository(self, name: str, **more: Any) -> Repository:
        """A new repository named owner/name; ``more`` are fields of Repository."""
        more.setdefault("id", f"R_{len(self.repositories) + 1}")
        repository = Repository(name=name, **more)
        with self.lock:
            self.repositories[repository.id] = repository
            self.names[name.lower()] = repository
        return repository

    def rename(self, repository: Repository, name: str) -> None:
        """Gives a repository a new owner/name; the old one keeps leading to it, as at GitHub."""
        with self.lock:
            repository.name = name
            self.names[name.lower()] = repository

    def delete(self, repository: Repository) -> None:
        """Deletes a repository with all it holds."""
        with self.lock:
            repository.deleted = True
            self._sorted.clear()

    def empty(self, repository: Repository) -> None:
        """Takes every pull request out of a repository, as if they had never been."""
        with self.lock:
            for pull in repository.pulls.values():
                del self.pulls[pull.id]
                pull.indexed = None
            repository.pulls.clear()
            self._waiting = deque(one for one in self._waiting if one[1].repository is not repository)
            self._sorted.clear()

    def add(self, pull: PullRequest) -> PullRequest:
        """Puts a whole pull request into the world, known to search at once."""
        with self.lock:
            self.pulls[pull.id] = pull
            pull.repository.pulls[pull.number] = pull
            pull.indexed = (pull.updated, pull.state, pull.draft)
            self._sorted.clear()
        return pull

    def open(
        self, repository: Repository, author: Who = "author", *, at: int | None = None, **more: Any
    ) -> PullRequest:
        """Opens a pull request; ``more`` are fields of PullRequest."""
        at = self.now if at is None else at
        with self.lock:
            number = more.pop("number", self.next_number(repository))
            more.setdefault("id", f"PR_{repository.id}_{number}")
            pull = PullRequest(number=number, repository=repository, author=who(author), created=at, updated=at, **more)
            self.pulls[pull.id] = repository.pulls[number] = pull
            self.touch(pull, at)
        return pull

    def push(
        self,
        pull: PullRequest,
        author: Who = None,
        *,
        message: str = "Work",
        at: int | None = None,
        authored: int | None = None,
        committed: int | None = None,
        sha: str | None = None,
        email: str | None = None,
    ) -> Commit:
        """Pushes one commit. ``authored`` and ``committed`` default to the push's time, the author to the change's."""
        at = self.now if at is None else at
        by = who(author) or pull.author
        login = by.login if by else None
        mail = email or f"{login or 'nobody'}@example.org"
        committed = at if committed is None else committed
        commit = Commit(
            sha=sha or hashlib.sha1(f"{pull.id}/{len(pull.items)}".encode(), usedforsecurity=False).hexdigest(),
            message=message,
            authored=committed if authored is None else authored,
            committed=committed,
            names=(login or "Nobody", login or "Nobody"),
            emails=(mail, mail),
            login=login,
        )
        self.happen(pull, "PullRequestCommit", committed, None, commit, touch=at)
        pull.repository.pushed = max(at, pull.repository.pushed or 0)
        return commit

    def force_push(self, pull: PullRequest, at: int | None = None) -> Item:
        """Replaces the head branch."""
        return self.happen(pull, "HeadRefForcePushedEvent", at, pull.author)

    def review(self, pull: PullRequest, by: Who, state: str = "APPROVED", at: int | None = None) -> Item:
        """Submits a review: APPROVED, CHANGES_REQUESTED or COMMENTED."""
        return self.happen(pull, "PullRequestReview", at, who(by), state)

    def dismiss(self, pull: PullRequest, review: Item, by: Who = "maintainer", at: int | None = None) -> Item:
        """Dismisses a review, whose state is lost but for the event's word."""
        with self.lock:
            before, review.more = review.more, "DISMISSED"
            event = self.happen(pull, "ReviewDismissedEvent", at, who(by), review)
            event.before = before
        return event

    def request(self, pull: PullRequest, reviewer: str | Account | Team | None, at: int | None = None) -> Item:
        """Asks someone, or a team, to review."""
        asked = reviewer if isinstance(reviewer, Team) else who(reviewer)
        return self.happen(pull, "ReviewRequestedEvent", at, pull.author, asked)

    def comment(self, pull: PullRequest, by: Who, at: int | None = None) -> Item:
        """Writes a comment into the conversation."""
        return self.happen(pull, "IssueComment", at, who(by))

    def ready(self, pull: PullRequest, at: int | None = None) -> Item:
        """Ends being a draft."""
        with self.lock:
            pull.draft = False
            return self.happen(pull, "ReadyForReviewEvent", at, pull.author)

    def redraft(self, pull: PullRequest, at: int | None = None) -> Item:
        """Makes it a draft again."""
        with self.lock:
            pull.draft = True
            return self.happen(pull, "ConvertToDraftEvent", at, pull.author)

    def retarget(self, pull: PullRequest, base: str, at: int | None = None) -> Item:
        """Changes the base branch."""
        with self.lock:
            pull.base = base
            return self.happen(pull, "BaseRefChangedEvent", at, pull.author, base)

    def rename_pull(self, pull: PullRequest, title: str, at: int | None = None) -> Item:
        """Gives a pull request another title."""
        with self.lock:
            before, pull.title = pull.title, title
            return self.happen(pull, "RenamedTitleEvent", at, pull.author, (before, title))

    def merge(self, pull: PullRequest, by: Who = "maintainer", at: int | None = None, sha: str | None = None) -> Item:
        """Merges it, which closes it too."""
        at = self.now if at is None else at
        with self.lock:
            pull.merged = pull.closed = at
            pull.merge_sha = sha or hashlib.sha1(pull.id.encode(), usedforsecurity=False).hexdigest()
            event = self.happen(pull, "MergedEvent", at, who(by))
            self.happen(pull, "ClosedEvent", at, who(by))
        return event

    def close(self, pull: PullRequest, by: Who = "maintainer", at: int | None = None) -> Item:
        """Closes it without a merge."""
        with self.lock:
            pull.closed = self.now if at is None else at
            return self.happen(pull, "ClosedEvent", at, who(by))

    def reopen(self, pull: PullRequest, by: Who = "maintainer", at: int | None = None) -> Item:
        """Opens it again."""
        with self.lock:
            pull.closed = None
            return self.happen(pull, "ReopenedEvent", at, who(by))

    def next_number(self, repository: Repository) -> int:
        """The number of the next change or issue, which share their numbers."""
        return max([*repository.pulls, *repository.issues], default=0) + 1

    def edit(self, pull: PullRequest | Issue, body: str, at: int | None = None) -> None:
        """Rewrites the description."""
        with self.lock:
            pull.body = body
            pull.edited = self.now if at is None else at
            self.touch(pull, pull.edited)

    def happen(
        self,
        pull: PullRequest | Issue,
        kind: str,
        at: int | None,
        actor: Account | None,
        more: Any = None,
        touch: int | None = None,
    ) -> Item:
        """Adds an item to a timeline."""
        at = self.now if at is None else at
        with self.lock:
            item = Item(kind, f"{kind}_{pull.id}_{len(pull.items)}", at, actor, more)
            insort(pull.items, item, key=lambda one: one.at)
            self.touch(pull, at if touch is None else touch)
        return item

    def touch(self, pull: PullRequest | Issue, at: int) -> None:
        """Notes an update, of which search will know when its lag is over."""
        pull.updated = max(pull.updated, at)
        known = (pull.updated, pull.state, pull.draft)
        self._waiting.append((self.now + self.lag, pull, known))

    def forget_order(self) -> None:
        """Sort anew: something is not there any more."""
        self._sorted.clear()

    def by(self, what: str, kind: str = "pr") -> tuple[list[int], list[Any]]:
        """What search knows in the order of ``updated`` or ``created``: times, and pull requests or issues."""
        now = self.now
        while self._waiting and self._waiting[0][0] <= now:
            _, pull, pull.indexed = self._waiting.popleft()
            self._sorted.clear()
        if (kind, what) not in self._sorted:
            key = (lambda pull: (pull.indexed[0], pull.id)) if what == "updated" else (lambda p: (p.created, p.id))
            all_of_them: Any = (self.pulls if kind == "pr" else self.issues).values()
            pulls = sorted((p for p in all_of_them if p.indexed and not p.repository.deleted), key=key)
            self._sorted[kind, what] = [key(pull)[0] for pull in pulls], pulls
        return self._sorted[kind, what]

    def owned(self, login: str) -> list[Repository]:
        """The repositories of one owner, by name."""
        login = login.lower()
        return sorted((r for r in self.repositories.values() if r.owner.lower() == login), key=lambda r: r.name)


def who(someone: Who) -> Account | None:
    """The account meant by a login as REST writes it, or by itself."""
    return account(someone) if someone is None or isinstance(someone, str) else someone


def seconds(moment: str) -> int:
    """Seconds since the epoch of an RFC 3339 moment in UTC."""
    return int(datetime.fromisoformat(moment).timestamp())
