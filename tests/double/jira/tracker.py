"""What a pretend Jira knows and how it answers: shapes as in Atlassian's public API documentation.

It understands the searches that the exporter writes and no others; anything else is refused as Jira does, with 400.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

CLOUD, DATACENTER = "cloud", "datacenter"
JQL = re.compile(
    r'project in \((?P<projects>"\w+"(?:, "\w+")*)\)(?P<open> AND statusCategory != Done)?'
    r" AND updated >= (?P<lower>\d+)(?: AND updated <= (?P<upper>\d+))? ORDER BY updated ASC, key ASC"
)
DONE = ("Done", "Closed")
PERSON = {"accountId": "5b10a2844c20165700ede21g", "displayName": "Mia Krystof", "active": True}


class Answer(NamedTuple):
    """Status, headers in lower case, and the body as JSON."""

    status: int
    body: Any
    headers: dict[str, str]

    def bytes(self) -> bytes:
        """The body as it is sent."""
        return json.dumps(self.body).encode()


@dataclass
class Ticket:
    """An issue. ``log`` are its histories: (id, at in milliseconds, (field, field id, before, after)...)."""

    id: str
    key: str
    created: int
    updated: int
    fields: dict[str, Any]
    log: list[tuple[str, int, tuple[tuple[str, str, str | None, str | None], ...]]] = field(default_factory=list)


@dataclass
class Tracker:
    """A pretend Jira. ``secret``: what it takes; ``most``: histories that a search tells of an issue, on Cloud.

    ``page``: histories of a page of packed changelogs. ``faults``: answers that come in the place of the next ones.
    ``asked``: method, path and body of every question. Times are Unix seconds.
    """

    deployment: str = CLOUD
    secret: str = "ann@acme.example:token"
    most: int = 100
    page: int = 1000
    projects: tuple[str, ...] = ("OPS", "PAY", "SHOP")
    tickets: dict[str, Ticket] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    faults: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, at: int, kind: str = "Task", status: str = "To Do", **fields: Any) -> Ticket:
        """Creates an issue."""
        ident = str(10_000 + len(self.tickets))
        known = {"issuetype": {"name": kind}, "status": {"name": status}, "resolution": None, "labels": []}
        ticket = Ticket(ident, key, at * 1000, at * 1000, known | {"description": None} | fields)
        self.tickets[ident] = ticket
        return ticket

    def change(self, ticket: Ticket, at: int, *items: tuple[str, Any]) -> None:
        """One entry of the changelog: fields by their ids with what they are now."""
        entry = tuple(self._changed(ticket, name, now) for name, now in items)
        number = str(20_000 + sum(len(each.log) for each in self.tickets.values()))
        ticket.log.append((number, at * 1000 + 250, entry))
        ticket.updated = max(ticket.updated, at * 1000 + 250)

    def _changed(self, ticket: Ticket, name: str, now: Any) -> tuple[str, str, str | None, str | None]:
        if name == "key":
            before, ticket.key = ticket.key, now
            return "Key", "issuekey", before, now
        if name == "link":
            before, after = now
            return "Link", "issuelinks", before, after
        before = ticket.fields.get(name)
        ticket.fields[name] = now
        return self.names.get(name, name), name, _said(before), _said(now)

    # Answers

    def answer(self, method: str, path: str, body: Any, authorization: str | None = None) -> Answer:
        """What it says to a question; without ``authorization`` nobody is asked who they are."""
        self.asked.append((method, path, body))
        if self.faults:
            return self.faults.pop(0)
        if authorization is not None and authorization != self.expected:
            return self._answer(401, {"errorMessages": ["Client must be authenticated to access this resource."]})
        ways = {
            (CLOUD, "POST", "/rest/api/3/search/jql"): self._search,
            (CLOUD, "POST", "/rest/api/3/changelog/bulkfetch"): self._logs,
            (DATACENTER, "POST", "/rest/api/2/search"): self._search,
        }
        way = ways.get((self.deployment, method, path))
        if way is not None:
            return way(body)
        gone = self.deployment == CLOUD and path == "/rest/api/2/search"
        return self._answer(410 if gone else 404, {"errorMessages": ["The requested API has been removed."]})

    @property
    def expected(self) -> str:
        """The header that its secret makes."""
        if self.deployment == CLOUD:
            return "Basic " + base64.b64encode(self.secret.encode()).decode()
        return f"Bearer {self.secret}"

    def _answer(self, status: int, body: Any) -> Answer:
        return Answer(status, body, {"content-type": "application/json"} | self.headers)

    def _search(self, body: Mapping[str, Any]) -> Answer:
        found = JQL.fullmatch(body["jql"])
        if found is None:
            return self._answer(400, {"errorMessages": [f"Error in the JQL Query: {body['jql']}"], "errors": {}})
        projects = re.findall(r"\w+", found["projects"])
        for project in projects:
            if project not in self.projects:
                said = f"The value '{project}' does not exist for the field 'project'."
                return self._answer(400, {"errorMessages": [said], "errors": {}})
        upper = int(found["upper"]) if found["upper"] else 1 << 62
        fitting = [
            ticket
            for ticket in self.tickets.values()
            if ticket.key.partition("-")[0] in projects
            and int(found["lower"]) <= ticket.updated <= upper
            and not (found["open"] and ticket.fields["status"]["name"] in DONE)
        ]
        fitting.sort(key=lambda ticket: (ticket.updated, ticket.key))
        start = int(body.get("nextPageToken") or body.get("startAt") or 0)
        part = fitting[start : start + min(body["maxResults"], 100)]
        issues = [self._issue(each, body) for each in part]
        names = {name: self.names.get(name, name) for name in body["fields"]}
        more: dict[str, Any] = {"startAt": start, "maxResults": body["maxResults"], "total": len(fitting)}
        if self.deployment == CLOUD:
            last = start + len(part) >= len(fitting)
            more = {"isLast": last} | ({} if last else {"nextPageToken": str(start + len(part))})
        return self._answer(200, {"expand": "names,schema", "issues": issues, "names": names} | more)

    def _issue(self, ticket: Ticket, body: Mapping[str, Any]) -> dict[str, Any]:
        dates = {"created": _date(ticket.created), "updated": _date(ticket.updated)}
        fields = {name: value for name, value in (dates | ticket.fields).items() if name in body["fields"]}
        entries = [self._entry(each) for each in ticket.log]
        if self.deployment == CLOUD:
            entries = entries[::-1][: self.most]
        changelog = {"startAt": 0, "maxResults": len(entries), "total": len(ticket.log), "histories": entries}
        return {"id": ticket.id, "key": ticket.key, "fields": fields, "changelog": changelog}

    def _entry(self, entry: tuple[str, int, Any], date: Any = None) -> dict[str, Any]:
        ident, at, items = entry
        changed = [
            {"field": name, "fieldtype": "jira", "from": None, "fromString": before, "to": None, "toString": after}
            | ({"fieldId": key} if self.deployment == CLOUD else {})
            for name, key, before, after in items
        ]
        return {"id": ident, "author": PERSON, "created": date or _date(at), "items": changed}

    def _logs(self, body: Mapping[str, Any]) -> Answer:
        wanted = [ticket for ticket in self.tickets.values() if ticket.id in body["issueIdsOrKeys"]]
        entries = sorted(
            ((entry, ticket.id) for ticket in wanted for entry in ticket.log), key=lambda each: (each[0][1], each[1])
        )
        start = int(body.get("nextPageToken") or 0)
        part = entries[start : start + self.page]
        logs: dict[str, list[Any]] = {}
        for entry, ident in part:
            logs.setdefault(ident, []).append(self._entry(entry, entry[1]))
        last = start + len(part) >= len(entries)
        told = [{"issueId": ident, "changeHistories": each} for ident, each in logs.items()]
        return self._answer(
            200, {"issueChangeLogs": told} | ({} if last else {"nextPageToken": str(start + len(part))})
        )


def _said(value: Any) -> str | None:
    """A field's value as a changelog writes it."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("value") or "")
    return None if value is None else str(value)


def _date(milliseconds: int) -> str:
    """As Jira writes it: milliseconds, and a zone without a colon."""
    at = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}+0000"
