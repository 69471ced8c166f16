"""Real pull requests counted a second time: straight from the raw lines, by the written rules, and by nothing else.

Nothing of the exporter and nothing of the double is imported, so that both sides of the comparison are made apart. It
is written for plainness: a change's history is looked at as a whole again for every moment that matters.

``Recount`` tells of one change, as of one instant, its readings by docs/definitions.md: dated, labelled, and where the
change stands if it is open. What the files leave out is not there (their README): a pull request without a timeline
was never a draft; one opened as a draft shows ready_for_review before any convert_to_draft, or shows neither, is
Copilot's, unmerged, and has a whole timeline.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

DAY = 86_400
ABANDONED_AFTER = 14 * DAY

OPENED, BODY, COMMIT, PUSH, DRAFT, READY, REQUEST, REVIEW, DISMISS, MERGE, CLOSE, REOPEN = range(12)
"""Kinds of facts, in the order in which those of one second are read: a review before the merge it allowed."""
TIMELINE = {
    "head_ref_force_pushed": PUSH,
    "convert_to_draft": DRAFT,
    "ready_for_review": READY,
    "review_requested": REQUEST,
    "review_dismissed": DISMISS,
    "reopened": REOPEN,
    "closed": CLOSE,
}


class Fact(NamedTuple):
    """Something that happened: Unix seconds, kind, the order in the file, who, and what else matters."""

    at: int
    kind: int
    place: str
    who: str = ""
    what: Any = None


class Reading(NamedTuple):
    """What a change adds to a metric: the date, the labels without the repository, the value."""

    metric: str
    at: int
    labels: tuple[str, ...]
    value: int


def when(text: str) -> int:
    """Unix seconds of an RFC 3339 time."""
    return int(datetime.fromisoformat(text).timestamp())


def login(name: str | None) -> str:
    """An account by its login in lower case, a deleted one by nothing; Copilot's agent has two spellings."""
    if not name or name == "ghost":
        return ""
    return "copilot-swe-agent[bot]" if name.lower() in ("copilot", "copilot-swe-agent[bot]") else name.lower()


# Origin (definitions 10, the order of docs/ai-origin.md)

AGENTS = {
    "copilot-swe-agent[bot]", "devin-ai-integration[bot]", "claude[bot]", "cursor[bot]", "cursoragent",
    "chatgpt-codex-connector[bot]", "google-labs-jules[bot]",
}  # fmt: skip
MACHINES = {"renovate-bot", "pyup-bot", "snyk-bot", "codecov-commenter", "k8s-ci-robot", "weblate"}
"""Machines whose login does not end in ``[bot]``."""
AGENT_BRANCH = re.compile(r"(copilot|devin|codex|cursor|claude)/.", re.IGNORECASE)
AGENT_AUTHOR = re.compile(
    r"(198982749|158243242|209825114|199161495|161369871)\+.*@users\.noreply\.github\.com"
    r"|41898282\+claude\[bot\]@users\.noreply\.github\.com|cursoragent@cursor\.com|openhands@all-hands\.dev",
    re.IGNORECASE,
)
ASSISTANT = re.compile(
    r"no-?reply@(anthropic|openai|codeium|cline|amazon|opencode|pi)\.(com|bot|ai|dev)|aider@aider\.chat"
    r"|noreply@aider\.(chat|dev)|amp@ampcode\.com|opensource@block\.xyz|gemini-cli-agent@google\.com"
    r"|(223556219|175728472)\+copilot@users\.noreply\.github\.com",
    re.IGNORECASE,
)
CO_AUTHOR = re.compile(r"^co-authored-by:.*<(?P<address>[^<>]+)>\s*$", re.IGNORECASE | re.MULTILINE)
SIGNATURE = re.compile(
    r"^\W*(generated with \[?claude code\]?\b|claude-session: |assisted-by: (?!.*@)|ai-assisted: true"
    r"|made[- ]with:? \[?cursor\]?\b|replit-commit-author: agent|entire-\w+: )",
    re.IGNORECASE | re.MULTILINE,
)
SESSION = re.compile(
    r"https://(chatgpt\.com/codex/tasks/|app\.devin\.ai/sessions/|(www\.)?cursor\.com/(background-agent|agents)\?)\w",
    re.IGNORECASE,
)
REVERT = re.compile(r"^(reverts [\w./-]*#\d+|this reverts commit [0-9a-f]{7,})", re.IGNORECASE | re.MULTILINE)
EDITOR_DEFAULT = "copilot@github.com"
NO_EVIDENCE = when("2026-04-15T00:00:00Z"), when("2026-06-01T00:00:00Z")
"""When an editor wrote its address under everything."""


def is_person(name: str) -> bool:
    """Whether a review by this account is a human review."""
    return not name.endswith("[bot]") and name not in AGENTS | MACHINES


def origin(facts: list[Fact]) -> str:
    """Account, branch, commits (oldest first), description: the first that matches."""
    opened = facts[0]
    if opened.who in AGENTS:
        return "agentic"
    if opened.who.endswith("[bot]") or opened.who in MACHINES:
        return "bot"
    if AGENT_BRANCH.match(opened.what):
        return "agentic"
    commits = [fact for fact in facts if fact.kind == COMMIT]
    for place, fact in enumerate(sorted(commits, key=lambda one: (one.at, when(one.what["at"])))):
        message, author = fact.what["msg"], fact.what["ae"]
        if AGENT_AUTHOR.fullmatch(author) or login(fact.what.get("login")) in AGENTS:
            return "agentic" if place == 0 else "assisted"
        if ASSISTANT.fullmatch(author) or fact.what["an"].endswith("(aider)") or SIGNATURE.search(message):
            return "assisted"
        if any(_assists(address, fact.at) for address in CO_AUTHOR.findall(message)):
            return "assisted"
    body = next((fact.what for fact in facts if fact.kind == BODY), "")
    if SESSION.search(body):
        return "agentic"
    return "assisted" if SIGNATURE.search(body) or any(map(ASSISTANT.search, CO_AUTHOR.findall(body))) else "unmarked"


def _assists(address: str, at: int) -> bool:
    if address.lower() == EDITOR_DEFAULT:
        return not NO_EVIDENCE[0] <= at < NO_EVIDENCE[1]
    return bool(ASSISTANT.fullmatch(address) or AGENT_AUTHOR.fullmatch(address))


# Facts


def facts_of(line: dict[str, Any]) -> list[Fact]:
    """What a line tells, by time."""
    opened, author = when(line["created_at"]), login(line.get("user"))
    facts = [
        Fact(opened, OPENED, "", author, line["head_ref"]),
        Fact(opened, BODY, "", author, line.get("body") or ""),
    ]
    facts += [Fact(max(when(one["ct"]), opened), COMMIT, one["sha"], "", one) for one in line["commits"]]
    reviews = [
        Fact(when(one["t"]), REVIEW, f"{place:03}", login(one.get("user")), one["state"])
        for place, one in enumerate(line["reviews"])
        if one["state"] != "PENDING"
    ]
    closed = when(line["closed_at"]) if line.get("closed_at") else None
    merged = when(line["merged_at"]) if line.get("merged_at") else None
    for place, event in enumerate(line.get("timeline", ())):
        kind, at = TIMELINE.get(event["e"]), when(event["t"])
        # The pull request's own times are the ones that count: an event a second or two off is the same closing.
        if kind is None or (kind == CLOSE and closed is not None and abs(at - closed) <= 2):
            continue
        facts.append(Fact(at, kind, f"{place:03}", login(event.get("a")), login(event.get("who"))))
    facts += [Fact(closed, CLOSE, "own")] if closed is not None else []
    facts += [Fact(merged, MERGE, "own")] if merged is not None else []
    return sorted(facts + _verdicts(reviews, facts), key=lambda fact: fact[:3])


def _verdicts(reviews: list[Fact], facts: list[Fact]) -> list[Fact]:
    """The reviews with the verdict they were submitted with.

    The files name no review in a dismissal. It is taken for the last dismissed review before it, and for an approval;
    a dismissed review that no event dismisses said nothing more than a comment.
    """
    dismissed = {fact.place for fact in reviews if fact.what == "DISMISSED"}
    taken: dict[str, Fact] = {}
    for event in sorted((fact for fact in facts if fact.kind == DISMISS), key=lambda fact: fact[:3]):
        before = [one for one in reviews if one.place in dismissed - taken.keys() and one.at <= event.at]
        if before:
            taken[max(before, key=lambda one: (one.at, one.place)).place] = event
    verdicts = []
    for one in reviews:
        said = "APPROVED" if one.place in taken else "COMMENTED" if one.place in dismissed else one.what
        end = taken[one.place].at if one.place in taken else None
        verdicts.append(one._replace(what=(said, end)))
    return verdicts


def opened_as_draft(line: dict[str, Any]) -> bool:
    """The README's convention."""
    turns = [one["e"] for one in line.get("timeline", ()) if one["e"] in ("ready_for_review", "convert_to_draft")]
    gaps = line.get("gaps", ())
    if turns:
        return turns[0] == "ready_for_review"
    if "no_timeline" in gaps or "timeline_truncated" in gaps:
        return False
    return login(line.get("user")) == "copilot-swe-agent[bot]" and not line.get("merged_at")


# A change, from its opening or a late reopening to its end


class Life(NamedTuple):
    """The facts of one life, the first being its beginning, and whether it began as a draft."""

    facts: list[Fact]
    draft: bool


def lives(facts: list[Fact], draft: bool) -> list[Life]:
    """Definitions 12: a reopening more than 14 days after the closing begins a new subject."""
    found = [Life([], draft)]
    closed: int | None = None
    for fact in facts:
        if closed is None or fact.at <= closed + ABANDONED_AFTER:
            found[-1].facts.append(fact)
        elif fact.kind == REOPEN:
            found.append(Life([fact], draft))
        if fact.kind in (DRAFT, READY):
            draft = fact.kind == DRAFT
        elif fact.kind == CLOSE or (fact.kind == REOPEN and found[-1].facts[-1] is fact):
            closed = fact.at if fact.kind == CLOSE else None
    return found


class Recount:
    """One line, as of one instant (Unix seconds)."""

    def __init__(self, line: dict[str, Any], instant: int) -> None:
        self.facts = [fact for fact in facts_of(line) if fact.at <= instant]
        self.instant = instant
        self.author = login(line.get("user"))
        self.branch = line["head_ref"]
        self.body = line.get("body") or ""
        self.lives = lives(self.facts, opened_as_draft(line)) if self.facts else []

    def origin(self, at: int) -> str:
        """Definitions 10: by the facts dated at or before it."""
        return origin([fact for fact in self.facts if fact.at <= at])

    def in_stages(self, at: int) -> bool:
        """Bots' changes and reverts are in no stage."""
        revert = re.match(r"revert-\d+-.", self.branch) or REVERT.search(self.body)
        return self.origin(at) != "bot" and not revert

    def readings(self) -> Iterator[Reading]:
        """Everything dated at or before the instant."""
        for life in self.lives:
            yield from (one for one in self._of(life) if one.at <= self.instant)

    def _of(self, life: Life) -> Iterator[Reading]:
        start, merge = life.facts[0], first(life.facts, MERGE)
        yield Reading("sdlc_changes_opened_total", start.at, (self.origin(start.at),), 1)
        place = ready(life)
        if place is not None:
            asked = life.facts[place]
            yield Reading("sdlc_changes_ready_total", asked.at, (self.origin(asked.at),), 1)
            reviews = self.human(life.facts[place:])
            if reviews and self.in_stages(reviews[0].at):
                at = reviews[0].at
                yield Reading("sdlc_change_review_wait_seconds", at, (self.origin(at),), at - asked.at)
        if merge is not None:
            reviewed = "yes" if self.human(life.facts) else "no"
            yield Reading("sdlc_changes_merged_total", merge.at, (self.origin(merge.at), reviewed), 1)
        elif closed(life.facts):
            at = [fact for fact in life.facts if fact.kind == CLOSE][-1].at + ABANDONED_AFTER
            if at <= self.instant:
                yield Reading("sdlc_changes_abandoned_total", at, (self.origin(at),), 1)
        for entered, left in self.waits(life):
            label = self.origin(entered.at)
            yield Reading("sdlc_review_queue_entered_total", entered.at, (label,), 1)
            if left is not None:
                by = {REVIEW: "review", MERGE: "merge", CLOSE: "close", DRAFT: "draft"}[left.kind]
                yield Reading("sdlc_review_queue_left_total", left.at, (label, by), 1)

    def human(self, facts: list[Fact]) -> list[Fact]:
        """Reviews by someone other than the author who is a person, before the merge."""
        end = next((place for place, fact in enumerate(facts) if fact.kind == MERGE), len(facts))
        return [fact for fact in facts[:end] if fact.kind == REVIEW and fact.who != self.author and is_person(fact.who)]

    # The review queue (definitions 17)

    def waits(self, life: Life) -> list[tuple[Fact, Fact | None]]:
        """Each stay in the two awaiting states: what began it, and what ended it."""
        found: list[tuple[Fact, Fact | None]] = []
        waiting = False
        for place, fact in enumerate(life.facts):
            waits = (self.state(life, place) or "").startswith("awaiting")
            if waits and not waiting:
                found.append((fact, None))
            elif waiting and not waits:
                found[-1] = (found[-1][0], fact)
            waiting = waits
        return found

    def state(self, life: Life, place: int) -> str | None:
        """Where an open change stands once so many facts are read; None for a draft and for one that ended."""
        facts = life.facts[: place + 1]
        start = ready(Life(facts, life.draft))
        if start is None or is_draft(Life(facts, life.draft)) or closed(facts) or first(facts, MERGE):
            return None
        reviews = self.human(facts[start:])
        if not reviews:
            return "awaiting_review"
        last = facts.index(reviews[-1])
        for later in range(last + 1, len(facts)):
            if self._asks_again(facts, start, later):
                return "awaiting_rereview"
        return self.verdict(facts, start, len(facts))

    def _asks_again(self, facts: list[Fact], start: int, place: int) -> bool:
        fact, before = facts[place], self.verdict(facts, start, place)
        if fact.kind in (COMMIT, PUSH):
            # A reviewer's own commit, or a bot's on a person's change, is not the author's answer.
            by = login(fact.what.get("login")) if fact.kind == COMMIT else ""
            reviewers = {review.who for review in self.human(facts[start:place])} - {""}
            if by not in ("", self.author) and (
                by in reviewers or (by.endswith("[bot]") and not self.author.endswith("[bot]"))
            ):
                return False
            return before in ("changes_requested", "commented")
        if fact.kind == REQUEST:
            asked = {review.who for review in self.human(facts[start:place])} - {""}
            return fact.what in asked and before in ("changes_requested", "commented")
        return fact.kind == DISMISS and before == "approved" != self.verdict(facts, start, place + 1)

    def verdict(self, facts: list[Fact], start: int, end: int) -> str:
        """Over each reviewer's latest verdict in force; a comment takes back neither an approval nor a request."""
        now = facts[end - 1]
        opinions: dict[str, str] = {}
        for number, review in enumerate(self.human(facts[start:end])):
            said, ended = review.what
            over = ended is not None and (ended < now.at or (ended == now.at and now.kind >= DISMISS))
            who = review.who or f"deleted account {number}"
            if not over and (said != "COMMENTED" or who not in opinions):
                opinions[who] = said
        for word in ("CHANGES_REQUESTED", "APPROVED"):
            if word in opinions.values():
                return word.lower()
        return "commented"

    def stands(self) -> tuple[str, str] | None:
        """(state or ``draft``, origin) of an open change; None for one that ended."""
        life = self.lives[-1] if self.lives else None
        if life is None or closed(life.facts) or first(life.facts, MERGE):
            return None
        state = self.state(life, len(life.facts) - 1)
        if state is None:
            return "draft", self.origin(self.instant)
        waits = self.waits(life)
        return state, self.origin(waits[-1][0].at if waits else self.instant)


def first(facts: list[Fact], kind: int) -> Fact | None:
    """The first fact of a kind."""
    return next((fact for fact in facts if fact.kind == kind), None)


def closed(facts: list[Fact]) -> bool:
    """Whether the last word is that it was closed."""
    ends = [fact.kind for fact in facts if fact.kind in (CLOSE, REOPEN)]
    return bool(ends) and ends[-1] == CLOSE


def is_draft(life: Life) -> bool:
    """Whether it is a draft after these facts."""
    turns = [fact.kind for fact in life.facts if fact.kind in (DRAFT, READY)]
    return turns[-1] == DRAFT if turns else life.draft


def ready(life: Life) -> int | None:
    """The place of T3: the beginning of what was never a draft, else the first ready-for-review before the merge."""
    if not life.draft:
        return 0
    for place, fact in enumerate(life.facts):
        if fact.kind == MERGE:
            return None
        if fact.kind == READY:
            return place
    return None
