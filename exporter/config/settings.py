"""What can be configured: one frozen struct per section, every default on it, every key's meaning beside it.

The reference of docs/configuration.md is written from these structs, and ``exporter.config`` reads a file into them.
Durations are whole seconds here; a file path is text, already joined to the folder of the configuration file.
"""

import pathlib
from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Struct, field

from exporter import retro, working_hours
from exporter.config.scalars import (
    History,
    Scalar,
    choice,
    duration,
    number,
    read_address,
    read_clock,
    read_date,
    read_expression,
    read_history,
    read_listen,
    read_location,
    read_repository_glob,
    read_url,
    read_zone,
    text,
    whole,
)
from exporter.labels import BEFORE_RELEASE, BLOCKED, DEFECT, HOTFIX, IN_PRODUCTION, NO_DEFECT, QA
from exporter.policy import (
    E2E_TESTS,
    GENERATED,
    INTEGRATION_TESTS,
    NEUTRAL_FILES,
    NOT_SHIPPING,
    OTHER_JOBS,
    PRODUCTION,
    RELEASE_TAG,
    SHIPPING,
    STAGING,
    TEST_FILES,
)
from exporter.providers import services
from exporter.references import KEYS
from exporter.testreports import DEFAULT_GLOBS

DAY, HOUR, MINUTE = 86400, 3600, 60

Path = Annotated[
    str,
    text(
        "a file path",
        r"(?!gh[a-z]_|github_pat_|glpat-|ATATT|-----)[^\0-\x1f]{1,4096}",
        "is not a file's path; write where the file is, and never the secret itself",
    )._replace(relative=True),
]
Url = Annotated[str, text("a URL", read=read_url)]
Address = Annotated[str, text("a URL", read=read_address)]
Glob = Annotated[str, text("a glob over paths")]
JobGlob = Annotated[str, text("a glob over job names")]
LabelGlob = Annotated[str, text("a glob over labels")]
FileGlob = Annotated[str, text("a glob over files", r"[^\0-\x1f]{1,4096}", "is no file's path")._replace(relative=True)]
Keyword = Annotated[str, text("a keyword", r".*\w.*", "has no letter; write a word or a few")]
NameGlob = Annotated[
    str,
    text(
        "a glob over repository names",
        r".*[/*].*",
        "matches no repository; write owner/name, such as 'acme/pay-*' or '*/billing'",
    ),
]
EnvironmentGlob = Annotated[str, text("a glob over names of environments")]
WorkflowGlob = Annotated[str, text("a glob over names of workflow files")]
Expression = Annotated[str, text("a regular expression", read=read_expression)]
RepositoryGlob = Annotated[str, text("a glob over owner/name", read=read_repository_glob)]
Login = Annotated[str, text("a login", read=str.lower)]
Owner = Annotated[
    str, text("a login", r"[A-Za-z0-9_.-]+", "is not an owner; write the login alone, without @, address or slash")
]
Topic = Annotated[
    str, text("a topic", r"[a-z0-9][a-z0-9-]*", "is not a topic; write lower-case letters, digits and dashes")
]
Variable = Annotated[
    str,
    text(
        "the name of an environment variable",
        r"[A-Z_][A-Z0-9_]*",
        "is not a variable's name; write it in capitals, such as GITHUB_TOKEN, and never the secret itself",
    ),
]
Date = Annotated[
    date,
    Scalar("a date", frozenset({"timestamp", "str"}), read_date, "write a date such as 2026-12-25"),
]
# YAML reads an unquoted 17:00 as a number in base sixty; the text as written is what counts
Clock = Annotated[str, Scalar("a time of day", frozenset({"str", "int"}), read_clock, "write a time such as '09:00'")]
AppId = Annotated[
    str,
    text("an id", r"[A-Za-z0-9.]+", "is not an id; copy it from the app's page")._replace(
        accepts=frozenset({"str", "int"}),
        remedy="write all its digits in quotes (Helm turns long unquoted ids into 1.2e+07)",
    ),
]
Metric = Annotated[
    str, text("a metric's name", r"sdlc_[a-z0-9_]+", "is not a metric of this exporter; its name begins with sdlc_")
]
Team = Annotated[
    str,
    text(
        "a team's name",
        r"(?!(all|none)$)[^\W_][\w ./&+-]{0,62}",
        "cannot name a team; choose one that begins with a letter or digit, goes on with those, spaces and "
        "_ . / & + -, has at most 63 characters, and is neither 'all' nor 'none'",
    ),
]
SourceName = Annotated[
    str,
    text(
        "a source's name",
        r"[a-z0-9][a-z0-9_-]{0,62}",
        "cannot be a source's name; write lower-case letters, digits, - and _, at most 63 of them",
    ),
]
Prefix = Annotated[
    str,
    text(
        "text",
        r"[A-Za-z0-9_.:/-]{1,63}",
        "cannot stand before a repository's name; write letters, digits and . : / - _",
    ),
]
Location = Annotated[
    str,
    text("a folder or an address", r"[^\0-\x1f]{1,4096}", "is no location", read=read_location)._replace(relative=True),
]
RepositoryName = Annotated[
    str, text("owner/name", r"[^\s/*?]+(/[^\s/*?]+)+", "is not owner/name; write one such as acme/shop")
]
BranchName = Annotated[
    str,
    text("a branch's name", r"[A-Za-z0-9_][^\s~^:?*\[\\]*", "cannot be a branch; write its name alone, such as main"),
]
Currency = Annotated[str, text("a currency", r"[A-Z]{3}", "is no currency's code; write one such as EUR or USD")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Window = Literal["7d", "28d", "90d"]

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class App(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A GitHub App. Needs the extra `github-app` to be installed."""

    id: Annotated[AppId, "App id or client id, from the app's page."]
    key_file: Annotated[Path, "File with the app's private key (PEM)."]
    installation_id: Annotated[AppId | None, "One installation; without it, every installation of the app."] = None


class Source(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One account at one service. A `github` source needs one of `token_file`, `token_env` and `app`."""

    name: Annotated[SourceName, "Unique name, the label `source` of metrics."]
    provider: Annotated[
        str,
        choice("github", "git", "notes", "demo", *services()),
        "What answers; each service has a page in docs/providers. `git` reads the histories of `locations` with git "
        "alone; `notes` reads files of retrospective notes; `demo` is a pretend organisation.",
    ] = "github"
    url: Annotated[
        Url,
        "Root of the API: of `github` `https://api.github.com`, or `https://HOST/api/v3` of an own server; of others "
        "the address that people open, such as `https://gitlab.com`.",
    ] = "https://api.github.com"
    token_file: Annotated[Path | None, "File with a token; read again when it changes."] = None
    token_env: Annotated[Variable | None, "Environment variable with a token."] = None
    app: Annotated[App | None, "GitHub App to act as, instead of a token."] = None
    of: Annotated[
        SourceName | None,
        "Of a service without repositories: the source of whose repositories it tells.",
    ] = None
    ca_file: Annotated[Path | None, "File with the certificate authorities (PEM) to trust for this source."] = None
    include: Annotated[
        tuple[RepositoryGlob, ...], "Repositories to read, as globs over owner/name in which `*` also spans `/`."
    ] = ()
    exclude: Annotated[tuple[RepositoryGlob, ...], "Repositories to leave out, though included."] = ()
    organisations: Annotated[
        tuple[Owner, ...], "Organisations all of whose repositories are candidates; `include` narrows them if given."
    ] = ()
    users: Annotated[tuple[Owner, ...], "Users all of whose repositories are candidates, likewise."] = ()
    topics: Annotated[tuple[Topic, ...], "If given, a repository has to carry one of these topics."] = ()
    archived: Annotated[bool, "Whether to read archived repositories."] = False
    forks: Annotated[bool, "Whether to read forks."] = False
    interval: Annotated[
        int, duration("1s", "1d"), "Time between two polls; below 30s costs more requests than it shows."
    ] = 60
    rediscover: Annotated[int, duration("1m"), "Time between two looks for new, renamed and removed repositories."] = (
        HOUR
    )
    history: Annotated[
        History,
        Scalar(
            "a duration, a date or a date-time with zone",
            frozenset({"str", "int", "float", "timestamp"}),
            read_history,
            "write a duration such as 400d, or a date such as 2026-01-01",
        ),
        "How far back the first load goes. Fixed at the first start; without a store it has to be a date.",
    ] = History(seconds=400 * DAY)
    timeout: Annotated[int, duration("1s", "10m"), "Longest wait for one answer."] = 30
    retry_wait: Annotated[
        int,
        duration("1s", "1m"),
        "First wait before a failed request is repeated; doubled each time, with jitter, at most 60s.",
    ] = 1
    reserve: Annotated[float, number(0, 0.9), "Share of the rate limit left to the credential's other users."] = 0.2
    poll: Annotated[
        Literal["auto", "search", "pulse"],
        "`search` asks one question for all repositories, `pulse` looks at each, `auto` does so while search fails.",
    ] = "auto"
    streams: Annotated[
        tuple[Literal["runs", "deployments", "issues", "code", "findings"], ...],
        "What to read beside the changes; each needs a permission of its own, and without it its metrics are absent. "
        "`code` clones every repository; it needs git and a disk. `findings` are told by organisation alone.",
    ] = ("runs", "deployments", "issues")
    findings: Annotated[
        tuple[Literal["code_scanning", "dependabot"], ...],
        "Which alerts the stream `findings` reads: those of code scanning; of Dependabot, dependencies that a change "
        "brought though they were known to be vulnerable. Each needs a permission of its own, and all named have to be "
        "readable.",
    ] = ("code_scanning",)
    stream_interval: Annotated[int, duration("10s", "1d"), "Time between two polls of those."] = 5 * MINUTE
    production: Annotated[
        Literal["auto", "deployments", "releases", "tags", "workflows"],
        "How code reaches production here. `auto` settles it for each repository at its first load: by deployments if "
        "one went to an environment named in `delivery.production`, else by releases, else by tags, else by successful "
        "runs on the default branch of a workflow named in `delivery.workflows`, where the stream `runs` is read; kept "
        "from then on.",
    ] = "auto"
    repository_prefix: Annotated[
        Prefix, "Text put before every repository name, for two forges that know the same owner/name."
    ] = ""
    locations: Annotated[
        tuple[Location, ...],
        "`git` only: repositories as folders, globs over folders, or addresses that git clones from. The last two "
        "parts of each are its owner/name.",
    ] = ()
    named: Annotated[
        dict[RepositoryName, Location], "`git` only: more of them by owner/name, where the location does not tell it."
    ] = field(default_factory=dict)
    branch: Annotated[
        BranchName, "`git` only: the branch to read, instead of the one that each repository names its default."
    ] = ""
    notes: Annotated[
        tuple[FileGlob, ...],
        "`notes` only: retrospective notes as globs over files, in which `**` spans folders: Markdown or plain text "
        "with the date in the front matter (`date: 2026-11-13`) or in the file's name, or CSV with a column `date`.",
    ] = ()
    team: Annotated[
        Team | None, "`notes` only: whose notes these are, of `teams`; without it nobody's in particular."
    ] = None
    seed: Annotated[int, whole(0, 1_000_000), "`demo` only: another seed, another pretend organisation."] = 1
    repositories: Annotated[int, whole(1, 1000), "`demo` only: how many repositories it pretends to have."] = 12


class Store(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where facts and counters outlive a restart."""

    path: Annotated[
        Path | None,
        "SQLite file, on a disk that outlives restarts. Without it nothing is kept and every start loads anew.",
    ] = None
    clones: Annotated[
        Path | None, "Folder for clones of repositories whose code is read; `clones` beside `path` without it."
    ] = None


class Server(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where metrics are served."""

    listen: Annotated[
        str,
        Scalar("host:port", frozenset({"str", "int"}), read_listen, "write it as 127.0.0.1:9517"),
        "Address to listen on; `:9517` means every interface.",
    ] = "127.0.0.1:9517"
    web_config_file: Annotated[
        Path | None, "TLS and basic authentication, in the `web.config.file` format of the Prometheus exporter toolkit."
    ] = None

    @property
    def host(self) -> str:
        """The host without brackets; empty for every interface."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port; 0 lets the system choose."""
        return int(self.listen.rpartition(":")[2])

    @property
    def web_config_path(self) -> pathlib.Path | None:
        """Where the web configuration is; None without one."""
        return pathlib.Path(self.web_config_file) if self.web_config_file else None


class OriginSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How AI origin is read: changes to the table that ships with the exporter."""

    rules: Annotated[tuple[dict[str, Any], ...], "Rows in the shape of the shipped table, asked before it."] = ()
    rules_file: Annotated[Path | None, "YAML file with such a list, asked after `rules`; watched like this file."] = (
        None
    )
    disable: Annotated[tuple[str, ...], "Names of shipped rows to leave out."] = ()
    bots: Annotated[tuple[Login, ...], "Logins that are bots, though the forge does not say so."] = ()
    people: Annotated[tuple[Login, ...], "Logins that are people, though the forge calls them bots."] = ()


class ReviewSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as review, as abandoned, and as written by hand."""

    comments_count: Annotated[bool, "Whether a plain conversation comment is a review."] = False
    abandoned_after: Annotated[
        int, duration("1h"), "A change closed unmerged for this long is abandoned; reopened later, it is a new one."
    ] = 14 * DAY
    generated: Annotated[
        tuple[Glob, ...],
        "Files left out of a change's size. A glob without `/` is for names anywhere, `name/` for a folder anywhere, "
        "any other for the whole path, where `**` spans folders. Replaces the default.",
    ] = GENERATED
    generated_extra: Annotated[tuple[Glob, ...], "More of them, beside the default."] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """All globs of files left out of a change's size."""
        return self.generated + self.generated_extra


class TestSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is a test, and how the hours spent on keeping tests green are counted."""

    files: Annotated[
        tuple[Glob, ...],
        "Files that are tests, or made for them, such as data and snapshots; globs as in `review.generated`. "
        "Replaces the default.",
    ] = TEST_FILES
    files_extra: Annotated[tuple[Glob, ...], "More of them, beside the default."] = ()
    e2e: Annotated[tuple[Glob, ...], "Of the test files, those of tests that drive the whole product from outside."] = (
        E2E_TESTS
    )
    integration: Annotated[
        tuple[Glob, ...], "Of the test files, those of tests that put parts together; all others are unit tests."
    ] = INTEGRATION_TESTS
    neutral: Annotated[
        tuple[Glob, ...], "Files that are neither a test nor the product: documents, and what tells CI what to do."
    ] = NEUTRAL_FILES
    other_jobs: Annotated[
        tuple[JobGlob, ...],
        "CI jobs and workflows that run no tests, as globs over their whole name, in which case does not count; a job "
        "whose name contains `test` runs tests all the same.",
    ] = OTHER_JOBS
    most_of_a_fix: Annotated[int, duration("5m", "2d"), "Most time believed of turning one red commit green."] = (
        4 * HOUR
    )
    most_of_a_day: Annotated[int, duration("1h", "1d"), "Most time believed of one author's day."] = 8 * HOUR
    productive_week: Annotated[int, duration("1h", "7d"), "Hours that one full-time person works in a week."] = (
        32 * HOUR
    )
    sprint: Annotated[
        int,
        duration("7d", "15d"),
        "Length of the periods whose trend is told. Six have to fit into 90 days; they are counted back from now, so "
        "that none is cut short.",
    ] = 14 * DAY

    @property
    def all_files(self) -> tuple[str, ...]:
        """All globs of test files."""
        return self.files + self.files_extra


class IssueSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What labels of issues mean: globs over whole labels, in which case does not count; each replaces its default.

    And what a tracker calls its issues.
    """

    defect: Annotated[tuple[LabelGlob, ...], "Labels, or types of an issue, that call it a defect."] = DEFECT
    no_defect: Annotated[tuple[LabelGlob, ...], "Labels that say it is none, or not this product's."] = NO_DEFECT
    production: Annotated[tuple[LabelGlob, ...], "Labels of defects that were found in production."] = IN_PRODUCTION
    before_release: Annotated[
        tuple[LabelGlob, ...], "Labels of defects that were found before a release; `production` wins where both are."
    ] = BEFORE_RELEASE
    qa: Annotated[tuple[LabelGlob, ...], "Labels of issues and changes, or states, of what QA has now."] = QA
    blocked: Annotated[tuple[LabelGlob, ...], "Labels of what cannot go on; told of while QA has it."] = BLOCKED
    hotfix: Annotated[
        tuple[LabelGlob, ...], "Labels of changes that mend something, beside those of defects; see `escapes.blame`."
    ] = HOTFIX
    keys: Annotated[
        Expression,
        "What the key of a tracker's issue looks like, such as SHOP-17. Changes name issues by it in branch, title, "
        "description and commits. Changed, it holds for what is read from then on.",
    ] = KEYS


class RetroSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which issues are retrospective notes, and by which words a note names a theme.

    Each key replaces its default. A keyword is whole words, in which case does not count. What is changed here holds
    for notes that are dated after the change.
    """

    labels: Annotated[
        tuple[LabelGlob, ...], "Labels of issues that are notes, as in `issues`; `[]` takes none from issues."
    ] = retro.LABELS
    qa: Annotated[tuple[Keyword, ...], "Words that name QA."] = retro.QA
    review: Annotated[tuple[Keyword, ...], "Words that name the review of code."] = retro.REVIEW
    ci: Annotated[tuple[Keyword, ...], "Words that name CI."] = retro.CI
    environment: Annotated[tuple[Keyword, ...], "Words that name environments to test or develop in."] = (
        retro.ENVIRONMENT
    )
    requirements: Annotated[tuple[Keyword, ...], "Words that name requirements."] = retro.REQUIREMENTS


class ReportSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which artifacts of workflow runs are read as test reports (JUnit XML)."""

    artifacts: Annotated[
        tuple[Glob, ...], "Names of artifacts that hold test reports; `[]` reads none. Each is downloaded once."
    ] = ("*junit*", "*test-results*", "*test-report*")
    files: Annotated[
        tuple[Glob, ...], "Files in them that are test reports, as globs of `review.generated`; case does not count."
    ] = DEFAULT_GLOBS
    largest_mib: Annotated[
        int, whole(1, 60), "Largest artifact that is downloaded, in MiB; larger ones are counted."
    ] = 20


class DeliverySettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is production, and what is a release."""

    production: Annotated[
        tuple[EnvironmentGlob, ...],
        "Environments that are production, by the forge's own names; case does not count. Replaces the default.",
    ] = PRODUCTION
    staging: Annotated[
        tuple[EnvironmentGlob, ...], "Those that code passes before it; asked first. Replaces the default."
    ] = STAGING
    release_tag: Annotated[Expression, "Tags that are releases: a regular expression over the whole name."] = (
        RELEASE_TAG
    )
    workflows: Annotated[
        tuple[WorkflowGlob, ...],
        "Workflows that bring code to production, by the names of their files without folder and ending; case does not "
        "count. Asked where there are neither deployments nor releases nor tags; `[]` asks none. Replaces the default.",
    ] = SHIPPING
    no_workflows: Annotated[
        tuple[WorkflowGlob, ...], "Those that do not, though they are called so; asked first. Replaces the default."
    ] = NOT_SHIPPING


class FindingSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How findings of security scanners are counted."""

    counted_after: Annotated[
        int,
        duration("1d", "90d"),
        "How long after the merge that brought it a finding is counted, unless it was dismissed as a false positive by "
        "then.",
    ] = 7 * DAY


class EscapeSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How changes are found that had to be mended after their release."""

    blame: Annotated[
        bool,
        "Whether a merged change is called a suspect when a fix that nobody linked to it took away its lines. Needs "
        "the stream `code`. Suspects have metrics of their own and are in no other number. Turned on or off, it has "
        "every history read again.",
    ] = False


class Freeze(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Weeks in which nobody was meant to ship, such as holidays; they are in no comparison."""

    begin: Annotated[Date, "The first day."]
    end: Annotated[Date, "The last day."]


class DiagnosisSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """With what the present is compared, and what AI costs and is said to save."""

    adoption_date: Annotated[
        Date | None,
        "The day AI was taken up: the baseline is the twelve whole weeks that end two weeks before. Without it, the "
        "baseline is the quarter of all earlier weeks with the least share of AI changes.",
    ] = None
    team_adoption_dates: Annotated[dict[Team, Date], "The same for single teams."] = field(default_factory=dict)
    freezes: Annotated[tuple[Freeze, ...], "Times to leave out, by whole weeks."] = ()
    every: Annotated[int, duration("5m", "1d"), "Time between two looks; verdicts are of whole weeks."] = HOUR
    reported_hours_saved: Annotated[
        float | None,
        number(0, 60),
        "Hours per developer and week that people say they save; shown, never reckoned with.",
    ] = None
    seats: Annotated[int | None, whole(1, 1_000_000), "How many seats of AI tools are paid for."] = None
    seat_price: Annotated[float | None, number(0, 1_000_000), "What a seat costs a month."] = None
    hourly_rate: Annotated[
        float | None, number(0, 1_000_000), "What an hour of a developer costs, with everything."
    ] = None
    currency: Annotated[Currency, "In which both are."] = "USD"
    review_minutes_least: Annotated[float, number(0, 600), "Least time a person gives one review, for the model."] = 10
    review_minutes_most: Annotated[float, number(0, 600), "Most time a person gives one review, for the model."] = 60


class WorkingHours(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a team works, for waiting times on the working-hours clock."""

    zone: Annotated[str, text("an IANA time zone", read=read_zone), "Time zone of `start` and `end`."] = "UTC"
    days: Annotated[tuple[Weekday, ...], "Working days."] = WEEKDAYS[:5]
    start: Annotated[Clock, "Begin of the working day."] = "09:00"
    end: Annotated[Clock, "End of the working day, up to 24:00."] = "17:00"
    holidays: Annotated[tuple[Date, ...], "Days on which nobody works."] = ()

    @property
    def opens(self) -> int:
        """``start`` in seconds after midnight."""
        return _seconds(self.start)

    @property
    def closes(self) -> int:
        """``end`` in seconds after midnight."""
        return _seconds(self.end)

    @property
    def clock(self) -> working_hours.WorkingHours:
        """The same hours as the clock that measures working time."""
        days = tuple(sorted(WEEKDAYS.index(each) for each in self.days))
        holidays = tuple(each.isoformat() for each in self.holidays)
        return working_hours.WorkingHours(self.zone, days, self.opens, self.closes, holidays)


def _seconds(clock: str) -> int:
    return int(clock[:2]) * 3600 + int(clock[3:]) * 60


class CalendarSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Working hours."""

    default: Annotated[WorkingHours, "Hours of every team that has none of its own."] = WorkingHours()
    teams: Annotated[dict[Team, WorkingHours], "Hours of single teams; what one leaves out is as in `default`."] = (
        field(default_factory=dict)
    )


SecondsName = Literal["review_wait_business", "lead_time", "blind", "absorbed"]
RatioName = Literal[
    "review_utilisation",
    "review_queue_growth",
    "unreviewed_merges",
    "unreviewed_merges_rise",
    "significance",
    "agentic_wait",
    "api_budget",
    "coverage",
    "first_attempt_failures_rise",
    "flaky_runs",
    "test_update",
    "test_update_climbing",
    "change_fail",
    "ready_rise",
    "ai_quality",
    "escape_drift",
    "qa_blocked",
    "qa_named",
]
ChangesName = Literal["review_queue", "review_queue_growth", "samples"]


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The lines that alerts compare with or panels draw; exported as `sdlc_threshold_seconds` and the like.

    What is not written keeps its default.
    """

    seconds: Annotated[
        dict[SecondsName, Annotated[int, duration("1m")]],
        "`review_wait_business`: oldest wait for review, in working time (24h are three days of eight). "
        "`lead_time`: first activity to the end. "
        "`blind`: how far a source's data may lie back before its alerts are called blind. "
        "`absorbed`: for how long weekly verdicts in a row have to say absorbed; no more than three weeks are counted.",
    ] = field(
        default_factory=lambda: {
            "review_wait_business": 24 * HOUR,
            "lead_time": 7 * DAY,
            "blind": HOUR,
            "absorbed": 21 * DAY,
        }
    )
    ratios: Annotated[
        dict[RatioName, Annotated[float, number(0, 10)]],
        "`review_utilisation`: changes that arrive per first human review. "
        "`review_queue_growth`: growth of a queue within 7 days, in standard deviations of what chance makes of so "
        "many arrivals and departures. `unreviewed_merges`: share of merges. `unreviewed_merges_rise`: by how much "
        "that share may exceed the former one. `significance`: by how many standard deviations it has to, for a rise "
        "that is no chance. `agentic_wait`: wait for a review of agents' changes by that of "
        "unmarked ones. `api_budget`: share of the rate limit left. `coverage`: share of changes with the input there. "
        "`first_attempt_failures_rise`: by how much the share of first CI attempts that fail may exceed the former "
        "one. `flaky_runs`: share of test runs that failed and passed on the same commit. `test_update`: part of the "
        "time on test lines that goes into old ones. `test_update_climbing`: the same, above which a climb is told. "
        "`change_fail`: share of production deployments that fail. `ready_rise`: by which share more changes have to "
        "be ready than before, for releases that are no more to be told. `ai_quality`: how many times as often an "
        "issue has to occur with AI changes, by the lower bound. `escape_drift`: how many times as large the share of "
        "escaped changes has to be as before, by the lower bound. `qa_blocked`: share of the time with QA for which "
        "issues are blocked, by the lower bound. `qa_named`: share of the last six sprints whose retrospectives have "
        "to name QA; four are 0.67.",
    ] = field(
        default_factory=lambda: {
            "review_utilisation": 1.05,
            "review_queue_growth": 1.5,
            "unreviewed_merges": 0.2,
            "unreviewed_merges_rise": 0.1,
            "significance": 3.0,
            "agentic_wait": 2.0,
            "api_budget": 0.1,
            "coverage": 0.8,
            "first_attempt_failures_rise": 0.1,
            "flaky_runs": 0.03,
            "test_update": 0.5,
            "test_update_climbing": 0.4,
            "change_fail": 0.15,
            "ready_rise": 0.1,
            "ai_quality": 1.2,
            "escape_drift": 1.0,
            "qa_blocked": 0.25,
            "qa_named": 0.66,
        }
    )
    changes: Annotated[
        dict[ChangesName, Annotated[int, whole(0, 1_000_000)]],
        "`review_queue`: a queue shorter than this is never called growing. "
        "`review_queue_growth`: by how many changes a queue may grow within 7 days. "
        "`samples`: fewest changes that a share or percentile has to rest on before an alert compares it.",
    ] = field(default_factory=lambda: {"review_queue": 5, "review_queue_growth": 5, "samples": 30})


class Series(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the metrics may cost."""

    budget: Annotated[int, whole(1, 10_000_000), "Most series of one metric; what exceeds it is folded or dropped."] = (
        20_000
    )
    budgets: Annotated[dict[Metric, Annotated[int, whole(1, 10_000_000)]], "The same for single metrics."] = field(
        default_factory=dict
    )
    detail: Annotated[
        dict[Metric, Literal["repository", "organisation"]],
        "Whether a counter or histogram is kept per repository or once for the organisation, where not as built in.",
    ] = field(default_factory=dict)
    repository_windows: Annotated[tuple[Window, ...], "Windows summarised per repository; teams have all three."] = (
        "28d",
    )
    stage_windows: Annotated[bool, "Whether stages are summarised per repository too."] = False
    quiet_after: Annotated[
        int,
        duration("1d"),
        "How long nothing may have happened in a repository before it is quiet: it then keeps only its state and info.",
    ] = 90 * DAY
    birth_scrapes: Annotated[int, whole(0, 10), "Scrapes that show a new series at zero before its first value."] = 2


class Log(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is logged, to standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], "Least level that is written."] = "info"
    format: Annotated[Literal["text", "json"], "Form of a line."] = "text"


class Config(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One configuration file."""

    sources: Annotated[tuple[Source, ...], "Where changes come from; at least one."] = ()
    teams: Annotated[
        dict[Team, tuple[NameGlob, ...]],
        "Which repositories a team has; `*` also spans `/`. The first match in file order decides.",
    ] = field(default_factory=dict)
    store: Annotated[Store, "What outlives a restart."] = Store()
    server: Annotated[Server, "Where metrics are served."] = Server()
    origin: Annotated[OriginSettings, "How AI origin is read."] = OriginSettings()
    review: Annotated[ReviewSettings, "What counts as review."] = ReviewSettings()
    tests: Annotated[TestSettings, "What is a test, and what keeping tests green costs."] = TestSettings()
    issues: Annotated[IssueSettings, "What the labels of issues mean."] = IssueSettings()
    retrospectives: Annotated[RetroSettings, "What retrospective notes name."] = RetroSettings()
    reports: Annotated[ReportSettings, "Which artifacts are test reports."] = ReportSettings()
    delivery: Annotated[DeliverySettings, "What is production, and what is a release."] = DeliverySettings()
    findings: Annotated[FindingSettings, "How findings of security scanners are counted."] = FindingSettings()
    escapes: Annotated[EscapeSettings, "How changes are found that had to be mended."] = EscapeSettings()
    diagnosis: Annotated[DiagnosisSettings, "With what the present is compared."] = DiagnosisSettings()
    calendar: Annotated[CalendarSettings, "Working hours."] = CalendarSettings()
    thresholds: Annotated[Thresholds, "Lines for alerts and panels."] = Thresholds()
    series: Annotated[Series, "What the metrics may cost."] = Series()
    log: Annotated[Log, "What is logged."] = Log()
