"""A double of Jenkins: the runs of a world as the builds of multibranch jobs, one for each workflow of a repository."""

from tests.double.jenkins.server import TOKEN, JenkinsServer, serve_jenkins

__all__ = ["TOKEN", "JenkinsServer", "serve_jenkins"]
