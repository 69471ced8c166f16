"""Jenkins: the builds of its jobs, as the runs of a forge's repositories."""

from exporter.model import Stream
from exporter.providers.jenkins.client import NEEDS, Jenkins
from exporter.providers.jenkins.options import Options, fault
from exporter.providers.service import Service, basic_or_bearer

SERVICE = Service(
    name="jenkins",
    title="Jenkins",
    client=Jenkins,
    streams=(Stream.RUNS,),
    options=Options,
    serves=True,
    needs={Stream.RUNS: NEEDS},
    costs={
        Stream.RUNS: "one request for each folder at every poll, one more for each job in which a build ended, one for "
        "each build that failed and one for each test report"
    },
    cannot=(
        "builds that Jenkins has thrown away before they were read",
        "builds whose commit is of no repository of the forge, which are counted as truncated",
        "runs of a change that is built merged with its base, as runs of the change: their commit is nobody's",
        "whether a build that was aborted ran out of time: it was cancelled",
        "times by the forge's clock: where the two differ, so do the times of runs and of changes",
        "jobs more than four folders below one that is asked for",
    ),
    authorization=basic_or_bearer,
    fault=fault,
)
