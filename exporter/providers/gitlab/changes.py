"""Merge requests: asked for by group, the last updated first, and read into facts.

What happened to one is told by its system notes, in GitLab's own sentences, of which the beginnings are read here.
Source: https://docs.gitlab.com/user/project/system_notes/ and https://docs.gitlab.com/api/graphql/reference/#mergerequest
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import Struct, structs
from msgspec import field as member

from exporter.errors import Garbled
from exporter.markers import marker_lines, trailer_lines
from exporter.model import (
    Actor,
    BaseChanged,
    ChangeEvent,
    Closed,
    Commented,
    Committed,
    Described,
    Dismissed,
    Drafted,
    FilesChanged,
    Merged,
    Opened,
    Ready,
    Reopened,
    Reviewed,
    ReviewRequested,
    Stream,
    Subject,
    Told,
    Verdict,
)
from exporter.providers.answers import seconds
from exporter.providers.base import Home, Page, Request, Response
from exporter.providers.gitlab import queries
from exporter.providers.gitlab.answers import (
    PAGE,
    Lacking,
    PageInfo,
    StateEvent,
    User,
    actor,
    again,
    decode,
    following,
    graphql,
    number,
    there,
)
from exporter.providers.gitlab.options import Scopes
from exporter.providers.service import EVER
from exporter.references import KEYS, linked, linked_by_key, linked_by_name, referred, referred_by_branch

FIRST, AT_ONCE = 5, 25
"""Merge requests of the first page, which mostly says that nothing moved, and of the others."""
MERGED, CLOSED, OPENED = "merged", "closed", "opened"

_RETARGETED = re.compile(r"changed target branch from `?(?P<old>[^`\s]+)`? to `?(?P<new>[^`\s]+)`?")
_RETITLED = re.compile(r"changed title from \*\*(?P<old>.*)\*\* to \*\*.*\*\*", re.DOTALL)
_MARKS = re.compile(r"\{[-+]|[-+]\}")
"""What a note of a new title marks the differences with."""
_MENTION = re.compile(r"@([\w.-]+)")


class Note(Struct, rename="camel"):
    """https://docs.gitlab.com/api/graphql/reference/#note."""

    id: str
    created_at: str
    system: bool = False
    body: str = ""
    resolvable: bool = False
    author: User | None = None


class Commit(Struct, rename="camel"):
    """https://docs.gitlab.com/api/graphql/reference/#commit."""

    sha: str
    authored_date: str | None = None
    committed_date: str | None = None
    author_name: str | None = None
    author_email: str | None = None
    committer_name: str | None = None
    committer_email: str | None = None
    message: str | None = None
    author: User | None = None


class Notes(Struct, rename="camel"):
    """A page of notes."""

    page_info: PageInfo = member(default_factory=PageInfo)
    nodes: list[Note | None] = member(default_factory=list)


class Commits(Struct, rename="camel"):
    """A page of commits."""

    page_info: PageInfo = member(default_factory=PageInfo)
    nodes: list[Commit | None] = member(default_factory=list)


class File(Struct):
    """https://docs.gitlab.com/api/graphql/reference/#diffstats."""

    path: str
    additions: int
    deletions: int


class Project(Struct, rename="camel"):
    """Where it is proposed."""

    id: str
    full_path: str


class MergeRequest(Struct, rename="camel"):
    """https://docs.gitlab.com/api/graphql/reference/#mergerequest."""

    id: str
    iid: str
    project: Project
    created_at: str
    updated_at: str
    state: str = OPENED
    title: str = ""
    description: str | None = None
    draft: bool = False
    merged_at: str | None = None
    closed_at: str | None = None
    source_branch: str = ""
    target_branch: str = ""
    merge_commit_sha: str | None = None
    author: User | None = None
    diff_stats: list[File] | None = None
    notes: Notes = member(default_factory=Notes)
    commits: Commits = member(default_factory=Commits)


class _List(Struct, rename="camel"):
    page_info: PageInfo
    nodes: list[MergeRequest | None]


class _Place(Struct, rename="camel"):
    merge_requests: _List


class _Answer(Struct):
    place: _Place | None = None


class _Further(Struct):
    notes: Notes | None = None
    commits: Commits | None = None


class _One(Struct, rename="camel"):
    merge_request: _Further | None = None


class _Rest(Struct):
    place: _One | None = None


class _Row(Struct):
    """https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests, what GraphQL does not tell."""

    iid: int
    sha: str | None = None
    squash_commit_sha: str | None = None
    merge_commit_sha: str | None = None
    closed_at: str | None = None


@dataclass
class Reading:
    """One merge request being read: all notes and commits that have come so far."""

    node: MergeRequest
    notes: list[Note] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    states: list[StateEvent] | None = None

    @property
    def key(self) -> str:
        """Its lasting id."""
        return number(self.node.id)

    @property
    def home(self) -> str:
        """The lasting id of its project."""
        return number(self.node.project.id)

    @property
    def _seen_closing(self) -> bool:
        return any(_is(each, "closed") for each in self.notes)

    @property
    def undated(self) -> bool:
        """Whether it is closed, and nothing here tells since when."""
        return self.node.state == CLOSED and not self.node.closed_at and not self._seen_closing

    @property
    def unnamed(self) -> bool:
        """Whether it is merged, and nothing here tells as which commit."""
        return self.node.state == MERGED and not self.node.merge_commit_sha

    def told(self, row: _Row | None, *, comments: bool, keys: str) -> Told:
        """All its facts; ``row`` tells what the graph did not.

        Raises:
            Garbled: a time is not a time.
        """
        node, opened = self.node, seconds(self.node.created_at)
        self.notes.sort(key=lambda each: (seconds(each.created_at), int(number(each.id) or 0)))
        subject = Subject(self.home, self.key, int(node.iid))
        events: list[ChangeEvent] = [
            Opened("opened", opened, actor(node.author), self._draft(), node.source_branch, self._first_base())
        ]
        events += self._described(opened, subject.number, keys)
        events += self._ends(row)
        approvals: dict[str, str] = {}
        for each in self.notes:
            events += self._noted(each, approvals, comments=comments)
        for commit in self.commits:
            events += self._committed(commit, opened, subject.number, keys)
        return Told(subject, tuple(events))

    def _draft(self) -> bool:
        """Whether it was opened as a draft: its first turn says so, else what it is."""
        turns = [turn for each in self.notes if (turn := _turn(each)) is not None]
        return turns[0] is Ready if turns else self.node.draft

    def _first_base(self) -> str:
        moves = [move for each in self.notes if each.system and (move := _RETARGETED.match(each.body))]
        return moves[0]["old"] if moves else self.node.target_branch

    def _described(self, opened: int, own: int, keys: str) -> Iterator[ChangeEvent]:
        """The description as it is now, dated at its last edit, and what it, the branch and the title name."""
        node, text = self.node, self.node.description or ""
        edits = [seconds(each.created_at) for each in self.notes if _is(each, "changed the description")]
        edited = max(edits, default=opened)
        described = Described(f"body@{edited}", edited, marker_lines(text))
        yield described
        yield from referred_by_branch(node.source_branch, opened)
        yield from referred(text, node.project.full_path, described.id, described.at, own)
        yield from linked(text, node.project.full_path, described.id, described.at)
        yield from linked_by_key(text, described.id, described.at, keys)
        yield from linked_by_name(node.source_branch, "branch", opened, keys, any_case=True)
        titles = [title["old"] for each in self.notes if each.system and (title := _RETITLED.match(each.body))]
        yield from linked_by_name(_MARKS.sub("", titles[0]) if titles else node.title, "title", opened, keys)

    def _ends(self, row: _Row | None) -> Iterator[ChangeEvent]:
        node = self.node
        merged = self._merged()
        if merged is not None:
            sha = node.merge_commit_sha or ""
            if not sha and row is not None:
                sha = row.merge_commit_sha or row.squash_commit_sha or row.sha or ""
            yield Merged("merged", merged, sha)
            if node.diff_stats is not None:
                files = sorted((each.path, each.additions, each.deletions) for each in node.diff_stats)
                yield FilesChanged("files", merged, tuple(files))
        closed = node.closed_at or (row.closed_at if row is not None else None)
        if node.state == CLOSED and closed and not self._seen_closing:
            yield Closed(f"closed@{seconds(closed)}", seconds(closed))
        for each in self.states or ():
            at = seconds(each.created_at)
            if each.state == CLOSED and not self._seen_closing:
                yield Closed(f"closed@{at}", at)
            elif each.state == "reopened" and not any(_is(note, "reopened") for note in self.notes):
                yield Reopened(f"reopened@{at}", at)

    def _merged(self) -> int | None:
        """When it was merged; of some old ones only a note tells, or that it was not updated any more since then."""
        node = self.node
        if node.merged_at or node.state != MERGED:
            return seconds(node.merged_at) if node.merged_at else None
        self.unknown.append("merged_at")
        told = (each.created_at for each in self.notes if _is(each, "merged"))
        return seconds(next(told, node.updated_at))

    def _noted(self, note: Note, approvals: dict[str, str], *, comments: bool) -> Iterator[ChangeEvent]:
        """What a note says happened. ``approvals``: by login, the approval that stands."""
        at, name, who = seconds(note.created_at), f"note:{number(note.id)}", actor(note.author)
        if not note.system:
            if note.resolvable:
                yield Reviewed(name, at, who, Verdict.COMMENTED)
            elif comments:
                yield Commented(name, at, who)
            return
        turn = _turn(note)
        if turn is not None:
            yield turn(name, at)
        elif verdict := next((word for start, word in VERDICTS.items() if _is(note, start)), None):
            yield Reviewed(name, at, who, verdict)
            if verdict is Verdict.APPROVED:
                approvals[who.login] = name
        elif _is(note, "unapproved this merge request") or _is(note, "reset approvals from"):
            yield from self._dismissed(note, name, at, who, approvals)
        elif _is(note, "requested review from"):
            asked = note.body.partition(" and removed")[0]
            yield from (ReviewRequested(f"{name}:{each}", at, each.lower()) for each in _MENTION.findall(asked))
        elif move := _RETARGETED.match(note.body):
            yield BaseChanged(name, at, move["new"])
        elif _is(note, "closed"):
            yield Closed(name, at)
        elif _is(note, "reopened"):
            yield Reopened(name, at)

    @staticmethod
    def _dismissed(note: Note, name: str, at: int, who: Actor, approvals: dict[str, str]) -> Iterator[Dismissed]:
        """An approval was taken back, or a push took back those of all that are named."""
        named = [each.lower() for each in _MENTION.findall(note.body)] if _is(note, "reset") else [who.login]
        for login in named:
            if approval := approvals.pop(login, "") or approvals.pop(f"{login}[bot]", ""):
                yield Dismissed(f"{name}:{login}" if len(named) > 1 else name, at, approval)

    def _committed(self, commit: Commit, opened: int, own: int, keys: str) -> Iterator[ChangeEvent]:
        """A commit, dated when it was made or proposed, and what its message names."""
        body = (commit.message or "").partition("\n")[2]
        authored = self._date(commit.authored_date, opened)
        event = Committed(
            id=f"commit:{commit.sha}",
            at=max(self._date(commit.committed_date or commit.authored_date, opened), opened),
            sha=commit.sha,
            authored=authored,
            names=(commit.author_name or "", commit.committer_name or commit.author_name or ""),
            emails=((commit.author_email or "").lower(), (commit.committer_email or "").lower()),
            login=actor(commit.author).login,
            trailers=trailer_lines(body),
        )
        yield event
        home = self.node.project.full_path
        yield from referred(body, home, event.id, event.at, own)
        yield from linked(body, home, event.id, event.at)
        yield from linked_by_key(body, event.id, event.at, keys)

    def _date(self, text: str | None, opened: int) -> int:
        """A date that whoever made the commit chose; one that no calendar has must not stop the reading."""
        try:
            return seconds(text) if text else opened
        except Garbled:
            self.unknown.append("commit_date")
            return opened


VERDICTS = {
    "approved this merge request": Verdict.APPROVED,
    "requested changes": Verdict.CHANGES_REQUESTED,
    "left review comments": Verdict.COMMENTED,
    "reviewed": Verdict.COMMENTED,
}
"""How system notes begin that a submitted review leaves."""


def _is(note: Note, start: str) -> bool:
    return note.system and note.body.startswith(start)


def _turn(note: Note) -> type[Ready] | type[Drafted] | None:
    """Whether a note says that it became ready, or a draft; older servers speak of work in progress."""
    if not note.system:
        return None
    if note.body.startswith(("marked this merge request as **ready**", "unmarked as a **Work In Progress**")):
        return Ready
    if note.body.startswith(("marked this merge request as **draft**", "marked as a **Work In Progress**")):
        return Drafted
    return None


class Changes:
    """Asks for merge requests (``Questions``). ``lacks``: what the server was found not to have.

    ``comments``: plain conversation comments are wanted too. ``keys``: how a tracker's keys look. ``page``: how many
    a page has.
    """

    earlier = 0
    width = EVER

    def __init__(
        self,
        root: str,
        wanted: Scopes,
        lacks: set[str],
        *,
        comments: bool = False,
        keys: str = KEYS,
        page: int = AT_ONCE,
    ) -> None:
        self.root = root
        self.lacks = lacks
        self.comments = comments
        self.keys = keys
        self.page = page
        self._closed = set[str]()
        """Merge requests that were seen closed; since 13.2 no note tells that one was opened again."""
        self._places = [*(("group", each) for each in wanted.groups), *(("project", each) for each in wanted.projects)]

    def since(self, homes: Sequence[Home], since: int) -> Sequence[Request]:
        """What was updated since then: a question for each group and each single project."""
        return [self._list(place, path, since, None, FIRST) for place, path in self._places]

    def between(self, homes: Sequence[Home], lower: int, upper: int) -> Sequence[Request]:
        """The same; what was updated later comes first."""
        return [self._list(place, path, lower, None, self.page) for place, path in self._places]

    def standing(self, homes: Sequence[Home], until: int) -> Sequence[Request]:
        """What is open, however long ago it was updated."""
        return [self._list(place, path, 0, None, self.page, OPENED) for place, path in self._places]

    def _list(
        self, place: str, path: str, since: int, after: str | None, first: int, state: str | None = None
    ) -> Request:
        def read(response: Response) -> Page:
            try:
                data = graphql(response, _Answer, Stream.CHANGES)
            except Lacking as error:
                return again(error, self.lacks, lambda: self._list(place, path, since, after, first, state))
            found = there(data.place, path).merge_requests
            nodes = [each for each in found.nodes if each is not None]
            fresh = [each for each in nodes if seconds(each.updated_at) >= since]
            cursor = following(found.page_info, after)
            onward = cursor is not None and len(fresh) == len(nodes)
            then = [self._list(place, path, since, cursor, self.page, state)] if onward else []
            return self._page([self._begin(each) for each in fresh], then)

        variables = {"path": path, "first": first, "after": after, "state": state}
        half = first // 2
        return Request(
            kind="changes",
            path=f"{self.root}/api/graphql",
            body={"query": queries.changes(place, self.lacks), "variables": variables},
            read=read,
            smaller=(lambda: (self._list(place, path, since, after, half, state),)) if half else None,
        )

    @staticmethod
    def _begin(node: MergeRequest) -> Reading:
        notes, commits = node.notes.nodes, node.commits.nodes
        return Reading(node, [each for each in notes if each], [each for each in commits if each])

    def _page(self, readings: Sequence[Reading], then: Sequence[Request]) -> Page:
        """What is whole is told; of the rest, what is asked further."""
        told, further, rows = [], list(then), dict[str, list[Reading]]()
        unknown: list[str] = []
        for each in readings:
            notes = following(each.node.notes.page_info, None)
            commits = following(each.node.commits.page_info, None)
            if each.node.state == CLOSED:
                self._closed.add(each.key)
            if notes or commits:
                further.append(self._more(each, notes, commits))
            elif each.states is None and each.node.state != CLOSED and each.key in self._closed:
                further.append(self._states(each))
            elif each.undated or each.unnamed:
                rows.setdefault(each.home, []).append(each)
            else:
                told.append(each.told(None, comments=self.comments, keys=self.keys))
                unknown += each.unknown
        further += [self._rows(home, some) for home, some in rows.items()]
        return Page(told=tuple(told), then=tuple(further), unknown=tuple(unknown))

    def _more(self, reading: Reading, notes: str | None, commits: str | None) -> Request:
        """Further notes and commits of one that has more than a hundred."""

        def read(response: Response) -> Page:
            try:
                data = graphql(response, _Rest, Stream.CHANGES)
            except Lacking as error:
                return again(error, self.lacks, lambda: self._more(reading, notes, commits))
            found = there(there(data.place, reading.node.project.full_path).merge_request, f"!{reading.node.iid}")
            other = Reading(
                structs.replace(reading.node, notes=found.notes or Notes(), commits=found.commits or Commits()),
                [*reading.notes, *(each for each in (found.notes or Notes()).nodes if each)],
                [*reading.commits, *(each for each in (found.commits or Commits()).nodes if each)],
            )
            if notes:
                following((found.notes or Notes()).page_info, notes)
            return self._page([other], ())

        variables = {
            "path": reading.node.project.full_path,
            "iid": reading.node.iid,
            "notes": notes,
            "commits": commits,
            "withNotes": notes is not None,
            "withCommits": commits is not None,
        }
        return Request(
            kind="timelines",
            path=f"{self.root}/api/graphql",
            body={"query": queries.more(self.lacks), "variables": variables},
            read=read,
            repositories=(reading.home,),
            changes=(reading.key,),
        )

    def _states(self, reading: Reading) -> Request:
        """When one that was seen closed and is not any more was closed and opened again; the first hundred times."""

        def read(response: Response) -> Page:
            reading.states = decode(response, list[StateEvent], Stream.CHANGES)
            return self._page([reading], ())

        place = f"{self.root}/api/v4/projects/{reading.home}/merge_requests/{reading.node.iid}"
        return Request(
            kind="timelines",
            method="GET",
            path=f"{place}/resource_state_events?per_page={PAGE}",
            read=read,
            repositories=(reading.home,),
            changes=(reading.key,),
            passing=True,
        )

    def _rows(self, home: str, readings: Sequence[Reading]) -> Request:
        """What only REST tells of some merge requests of a project: a squash's commit, and the date of a closing."""
        here, later = readings[:PAGE], readings[PAGE:]

        def read(response: Response) -> Page:
            rows = {str(row.iid): row for row in decode(response, list[_Row], Stream.CHANGES)}
            told = [each.told(rows.get(each.node.iid), comments=self.comments, keys=self.keys) for each in here]
            unknown = tuple(word for each in here for word in each.unknown)
            return Page(told=tuple(told), then=(self._rows(home, later),) if later else (), unknown=unknown)

        iids = "&".join(f"iids[]={each.node.iid}" for each in here)
        return Request(
            kind="changes",
            method="GET",
            path=f"{self.root}/api/v4/projects/{home}/merge_requests?scope=all&state=all&per_page={PAGE}&{iids}",
            read=read,
            repositories=(home,),
            changes=tuple(each.key for each in here),
            passing=True,
        )
