"""What is read lately, by stream: each alert rests on the streams that its numbers need, and on no other.

Every alert about repositories or teams joins one of these: it takes its labels from them, and is silent where it would
speak of the past. The watermark knows only what is read without fault, and is gone while nothing is: an hour bridges
one bad poll.
"""

from exporter.render.rules.rows import Alert, Recording

STREAMS = ("changes", "runs", "deployments", "issues")
"""Streams that alerts rest on."""
CHANGES, RUNS, DEPLOYMENTS, ISSUES = STREAMS


def _by_stream(expr: str) -> str:
    """The expression for each stream, ``STREAM`` in it, as one vector with the stream as a label."""
    return "or\n".join(
        f'label_replace(\n  {expr.replace("STREAM", each)},\n  "stream", "{each}", "", ""\n)\n' for each in STREAMS
    )


def _counted(expr: str) -> str:
    """How many repositories a team has in an expression; all together are judged like a team of the name ``all``."""
    return f"""count without (repository, source) ({expr})
or
label_replace(count without (repository, source, team) ({expr}), "team", "all", "", "")
"""


ROWS = (
    Recording(
        "repository:sdlc_repository_info:known",
        # What is there now, and of what is missing for a moment what was there before: never two teams of one.
        """
max without ($pod) (sdlc_repository_info)
or
max without ($pod) (last_over_time(sdlc_repository_info[5m]))
unless on ($exporter, repository)
max without ($pod) (sdlc_repository_info)
""",
    ),
    # A stream that is not switched on has no last success, and what need not be read cannot be old.
    Recording(
        "repository_stream:sdlc_repository_info:followed",
        _by_stream(
            "repository:sdlc_repository_info:known and on ($exporter, source)\n"
            '  max without ($pod) (max_over_time(sdlc_exporter_last_success_timestamp_seconds{stream="STREAM"}[1h]))'
        ),
    ),
    Recording(
        "repository_stream:sdlc_repository_info:fresh",
        """
repository_stream:sdlc_repository_info:followed
and on ($exporter, source, stream)
(
  max without ($pod) (max_over_time(sdlc_exporter_watermark_timestamp_seconds[1h]))
  > on ($exporter) group_left ()
  (time() - max by ($exporter) (last_over_time(sdlc_threshold_seconds{name="blind"}[5m])))
)
""",
    ),
    # How many of a team's repositories are not fresh, or are where none is not.
    Recording(
        "repository_stream:sdlc_repository_info:stale",
        """
repository_stream:sdlc_repository_info:followed unless repository_stream:sdlc_repository_info:fresh
""",
    ),
    Recording("team_stream:sdlc_repository_info:stale", _counted("repository_stream:sdlc_repository_info:stale")),
    Recording(
        "team_stream:sdlc_repository_info:fresh",
        f"""
(
{_counted("repository_stream:sdlc_repository_info:fresh")})
unless
team_stream:sdlc_repository_info:stale
""",
    ),
)


NOT_JUDGED = Alert(
    name="SdlcTeamNotJudged",
    severity="info",
    # Only what was fresh within a long weekend can have left an alert that still goes on.
    expr="""
team_stream:sdlc_repository_info:stale > 0
and
last_over_time(team_stream:sdlc_repository_info:fresh[4d])
""",
    wait="15m",
    keep="15m",
    summary="Alerts about a team are silent: a stream that they rest on is not read any more.",
    description="Of {{ $labels.team }} the {{ $labels.stream }} of {{ $value }} repositories are not read any more. "
    "Alerts that rest on them are silent, and what of these still goes on is of before.",
    dashboard=("sdlc-exporter",),
)


def team(*needed: str, followed: tuple[str, ...] = ()) -> str:
    """The end of an alert about teams: it is silent while one of these streams is stale for one of their repositories.

    Without the ``needed`` ones it is silent as well; those ``followed`` matter only where they are switched on.
    """
    rests = [f'and on ($exporter, team)\nteam_stream:sdlc_repository_info:fresh{{stream="{each}"}}' for each in needed]
    unless = [
        f'unless on ($exporter, team)\nteam_stream:sdlc_repository_info:stale{{stream="{each}"}}' for each in followed
    ]
    return "\n".join([*rests, *unless, ""])
