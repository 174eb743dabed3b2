"""`clusters`: instances of data stores, and peers of services, that are one thing."""

from typing import Annotated

from msgspec import Meta

from answers.asked import Ranged, Text
from answers.faults import NotThere
from answers.mapped import mapped
from answers.question import Answered, Question
from graph.asking import Store
from graph.clustering.cluster import Cluster
from graph.clusters import clusters
from graph.model import Wanted
from schemas.matching import unknown


class ClustersAsked(Ranged, frozen=True, kw_only=True, rename={"everything": "all"}):
    """All clusters, or the one of a name."""

    name: Annotated[Text, Meta(description="Only the cluster of this name.")] = ""
    everything: Annotated[bool, Meta(description="Add instances of stores that are alone.")] = False


class ClustersAnswer(Answered, kw_only=True):
    """The clusters, by name, with members, roles and the evidence in words."""

    clusters: list[Cluster]


def _answer(store: Store, asked: ClustersAsked, now: int) -> ClustersAnswer:
    asked.check()
    of = mapped(store, asked, Wanted(start=0, end=0, level="process"), now)
    found = clusters(of.found, singles=asked.everything or bool(asked.name))
    if asked.name:
        known = [one.name for one in found]
        found = [one for one in found if one.name == asked.name]
        if not found:
            raise NotThere(unknown("cluster", asked.name, known))
    nothing = f"there are no clusters in the {of.title}; --all adds stores of one instance"
    return ClustersAnswer(**of.about(*([] if found else [nothing])), clusters=found)


CLUSTERS = Question(
    "clusters",
    "Instances of a data store, or peers of a service, that are one cluster, with roles and evidence.",
    ClustersAsked,
    ClustersAnswer,
    _answer,
    rows="clusters",
)
