"""Where GitHub's web site shows what the facts are about.

Source: the ``html_url`` of each object, https://docs.github.com/en/rest
"""

from exporter.model import Thing


def address(root: str, repository: str, thing: Thing, number: int, key: str, cause: str) -> str:
    """The page of a thing, or of the run that ``cause`` (a fact's id) tells of; empty where it has none of its own.

    ``root`` is ``https://HOST``, ``repository`` owner/name.
    """
    here = f"{root}/{repository}"
    match thing:
        case Thing.CHANGE:
            return f"{here}/pull/{number}"
        case Thing.ISSUE if number:
            return f"{here}/issues/{number}"
        case Thing.RUN | Thing.LINE if cause.startswith("ran:"):
            return f"{here}/actions/runs/{cause.split(':')[1]}"
        case Thing.FINDING:
            place = "dependabot" if key.startswith("dependency:") else "code-scanning"
            return f"{here}/security/{place}/{number}"
    return ""
