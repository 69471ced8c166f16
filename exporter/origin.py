"""Who wrote a change, as far as a marker tells: the facts asked about, the rule that decides, the decision.

The first that matches decides: account, head branch, commits (oldest first), description. Accounts, e-mail addresses
and GitHub's numeric ids are compared whole. A name shown to readers never decides, nor does the mention of a tool.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, structs

from exporter.markers import LINK, TICKED, TRAILER, plain
from exporter.model import Actor, Committed, Described, Origin

AUTHORSHIP = frozenset(
    {"co-authored-by", "co-developed-by", "authored-by", "assisted-by", "generated-by", "created-by", "signed-off-by"}
)
"""Trailers whose e-mail address names a writer. ``Reviewed-by`` and its like do not."""

_ADDRESS = re.compile(r"<\s*([^<>\s]+@[^<>\s]+)\s*>")
_NOREPLY = re.compile(r"(?P<id>\d+)\+(?P<login>[^@]+)@users\.noreply\.github\.com")
_BOT = re.compile(r"(?:\d+\+)?(?P<login>[^@+]+\[bot\])@users\.noreply\.github\.com", re.IGNORECASE)
_DENIALS = frozenset({"no", "none", "n/a", "na", "nil", "false", "nobody", "nothing", "not applicable", "-"})
# What may follow a footer's words: decoration, an aside, a link or the product it came through; not a sentence.
_AFTER_FOOTER = re.compile(r"[\W_]*|\s*[(|·—–-].*|\s+via\s.*|\s+https?://.*", re.IGNORECASE)


class Evidence(Struct, frozen=True):
    """The facts about one change that are dated at or before the date asked about; ``opened`` is Unix seconds."""

    author: Actor
    opened: int
    head: str
    commits: tuple[Committed, ...] = ()
    described: tuple[Described, ...] = ()


class Decision(Struct, frozen=True):
    """An origin with its reason: the rule's name, where it matched, and a short word of what was seen.

    ``tool`` is empty for bots and unmarked changes; ``rule``, ``where`` and ``evidence`` for unmarked ones. Evidence
    never holds a person's address.
    """

    origin: Origin
    tool: str = ""
    rule: str = ""
    where: str = ""
    evidence: str = ""


class Row(Struct, frozen=True):
    """One rule of the table, read and checked.

    ``kind`` is the class a row gives, ``by`` what its ``values`` are. Both dates are Unix seconds, [from, to).
    """

    name: str
    tool: str
    kind: str
    by: str
    values: tuple[str, ...]
    valid_from: int
    valid_to: int
    confidence: str = ""
    source: str = ""

    def at(self, instant: int) -> bool:
        """Whether the rule holds for a fact of this date."""
        return self.valid_from <= instant < self.valid_to


Entry = tuple[str, Row]


class RuleTable(Struct, frozen=True):
    """The rules in force, indexed. ``rows`` are in order of precedence; ``fingerprint`` changes with any of them."""

    rows: tuple[Row, ...]
    accounts: Mapping[str, tuple[Row, ...]]
    addresses: Mapping[str, tuple[Row, ...]]
    scanned: Mapping[str, tuple[Entry, ...]]
    trailers: tuple[tuple[re.Pattern[str], Row], ...]
    bots: frozenset[str]
    people: frozenset[str]
    fingerprint: str

    def decide(self, evidence: Evidence) -> Decision:
        """The origin of a change, by the first rule that matches."""
        return (
            self._by_account(evidence.author, evidence.opened)
            or self._by_branch(evidence.head, evidence.opened)
            or self._by_commits(evidence.commits)
            or self._by_description(evidence.described)
            or Decision(Origin.UNMARKED)
        )

    def is_reviewer_person(self, actor: Actor) -> bool:
        """Whether a review by this account is a human review; a deleted account (empty login) was a person's."""
        if actor.login in self.people:
            return True
        listed = actor.login in self.bots or actor.login in self.accounts
        return not (actor.bot or listed or actor.login.endswith("[bot]"))

    def stripped(self, commit: Committed) -> Committed:
        """The commit without its people: of names, addresses and trailers only what a rule recognises."""
        address, name = commit.emails[0].strip().lower(), commit.names[0].strip().lower()
        known = any(key in self.addresses for key in _keys(address))
        ending = next((suffix for suffix, _ in self.scanned["author_suffixes"] if name.endswith(suffix)), "")
        return structs.replace(
            commit,
            names=(ending, ""),
            emails=(address if known else "", ""),
            trailers=tuple(line for line in commit.trailers if self._lines((line,), commit.at)),
        )

    def _by_account(self, author: Actor, at: int) -> Decision | None:
        login = author.login
        if not login or login in self.people:
            return None
        seen = f"account {login}"
        if login in self.bots:
            return Decision(Origin.BOT, "", "configured bots", "account", seen)
        row = _valid(self.accounts.get(login, ()), at)
        if row:
            return _decision(row, "account", seen)
        if author.bot:
            return Decision(Origin.BOT, "", "account of type Bot", "account", seen)
        return None

    def _by_branch(self, head: str, at: int) -> Decision | None:
        name = head.lower()
        for prefix, row in self.scanned["branches"]:
            if name.startswith(prefix) and name != prefix and row.at(at):
                return _decision(row, "branch", f"branch {_cut(head, len(prefix) + 12)}")
        return None

    def _by_commits(self, commits: Iterable[Committed]) -> Decision | None:
        for place, commit in enumerate(sorted(commits, key=lambda each: (each.at, each.authored, each.sha))):
            seen = f"commit {commit.sha[:10]}"
            wrote = self._author(commit)
            if wrote:
                # An agent that wrote the first commit began the change; one that joined later assisted.
                origin = Origin(wrote[1].kind) if place == 0 else Origin.ASSISTED
                return Decision(origin, wrote[1].tool, wrote[1].name, "commit", f"{seen}: author {wrote[0]}")
            signed = self._lines(commit.trailers, commit.at)
            if signed:
                return Decision(
                    Origin.ASSISTED, signed[1].tool, signed[1].name, "commit", f"{seen}: {_cut(signed[0], 60)}"
                )
        return None

    def _author(self, commit: Committed) -> Entry | None:
        """The rule the author (never the committer) matches, with what matched."""
        found = self._address(commit.emails[0], commit.at)
        if found:
            return found
        row = _valid(self.accounts.get(commit.login, ()), commit.at)
        if row and row.kind == Origin.AGENTIC and commit.login not in self.people:
            return commit.login, row
        name = commit.names[0].strip().lower()
        for suffix, row in self.scanned["author_suffixes"]:
            if name.endswith(suffix) and row.at(commit.at):
                return f"ending {suffix}", row
        return None

    def _by_description(self, described: Iterable[Described]) -> Decision | None:
        first = min(described, key=lambda each: (each.at, each.id), default=None)
        found = first and self._lines(first.lines, first.at)
        if not found:
            return None
        return _decision(found[1], "description", f"description: {_cut(found[0], 60)}")

    def _lines(self, lines: Iterable[str], at: int) -> Entry | None:
        for line in lines:
            text = plain(line)
            found = (
                self._trailer(text, at) or self._footer(text, at) or self._checkbox(text, at) or self._link(line, at)
            )
            if found:
                return found
        return None

    def _address(self, address: str, at: int) -> Entry | None:
        whole = address.strip().lower()
        return next(((key, row) for key in _keys(whole) if (row := _valid(self.addresses.get(key, ()), at))), None)

    def _trailer(self, text: str, at: int) -> Entry | None:
        trailer = TRAILER.match(text)
        if not trailer:
            return None
        key, value = trailer["key"].lower(), trailer["value"].strip().lower()
        if key in AUTHORSHIP and (address := _ADDRESS.search(value)):
            found = self._address(address[1], at)
            return found and (f"co-author {found[0]}", found[1])
        # An address that no rule lists may be a person's: some projects thank people this way.
        if value.rstrip(".") in _DENIALS or "@" in value:
            return None
        for pattern, row in self.trailers:
            if pattern.fullmatch(f"{key}: {value}") and row.at(at):
                return f"trailer {key}", row
        return None

    def _footer(self, text: str, at: int) -> Entry | None:
        low = text.lower()
        for words, row in self.scanned["footers"]:
            if low.startswith(words) and _AFTER_FOOTER.fullmatch(low[len(words) :]) and row.at(at):
                return f"footer {words}", row
        return None

    def _checkbox(self, text: str, at: int) -> Entry | None:
        ticked = TICKED.match(text)
        if not ticked:
            return None
        box = ticked["text"].strip().rstrip(".").lower()
        for words, row in self.scanned["checkboxes"]:
            if box == words and row.at(at):
                return f"ticked {words}", row
        return None

    def _link(self, line: str, at: int) -> Entry | None:
        for target in _targets(line):
            for start, row in self.scanned["links"]:
                if target.startswith(start) and target != start and row.at(at):
                    return f"link {start}", row
        return None


def bot_of(address: str) -> Actor:
    """The bot that writes commits under a GitHub address; nobody where it is no bot's.

    Source: https://docs.github.com/account-and-profile/reference/email-addresses-reference
    """
    found = _BOT.fullmatch(address.strip())
    return Actor(found["login"].lower(), bot=True) if found else Actor("")


def _valid(rows: Iterable[Row], at: int) -> Row | None:
    return next((row for row in rows if row.at(at)), None)


def _decision(row: Row, where: str, seen: str) -> Decision:
    # Reviewers are bots when they open changes themselves.
    if row.kind in {"bot", "reviewer"}:
        return Decision(Origin.BOT, "", row.name, where, seen)
    return Decision(Origin(row.kind), row.tool, row.name, where, seen)


def _keys(address: str) -> Iterator[str]:
    """What an address may be listed as: itself; a GitHub noreply address by its id, or by id and login together."""
    yield address
    noreply = _NOREPLY.fullmatch(address)
    if noreply:
        yield f"{noreply['id']}+"
        yield f"{noreply['id']}+{noreply['login']}"


def _targets(line: str) -> Iterator[str]:
    """The links of a line, lower case, without scheme and ``www.``."""
    for link in LINK.findall(line):
        yield link.lower().partition("://")[2].removeprefix("www.")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
