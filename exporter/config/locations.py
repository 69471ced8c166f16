"""What a location of a repository is called, and whether it stands for several."""

from urllib.parse import urlsplit


def name_of(location: str) -> str:
    """A repository as ``owner/name``: the last two parts of its path, without ``.git``."""
    path = urlsplit(location).path if "://" in location else location
    if is_address(path):
        path = path.partition(":")[2]
    parts = [part for part in path.split("/") if part not in ("", ".", "..", ".git")]
    *above, last = parts or ["repository"]
    return f"{above[-1] if above else 'local'}/{last.removesuffix('.git')}"


def is_address(location: str) -> bool:
    """Whether a location is elsewhere: a URL, or git's short form ``HOST:PATH``."""
    return "://" in location or ":" in location.partition("/")[0]


def is_glob(location: str) -> bool:
    """Whether a location stands for all folders it matches."""
    return not is_address(location) and any(sign in location for sign in "*?[")
