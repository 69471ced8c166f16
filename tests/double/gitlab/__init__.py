"""A double of GitLab: the same world as the double of GitHub serves, in GitLab's shapes."""

from tests.double.gitlab.server import TOKEN, Gitlab, serve_gitlab

__all__ = ["TOKEN", "Gitlab", "serve_gitlab"]
