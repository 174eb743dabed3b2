"""All questions, as they are listed."""

from answers.annotations import ANNOTATIONS
from answers.clusters import CLUSTERS
from answers.diff import DIFF
from answers.map import MAP
from answers.node import NODE
from answers.nodes import NODES
from answers.order import ORDER
from answers.path import PATH
from answers.policy import POLICY
from answers.question import AnyQuestion
from answers.reach import DEPS, IMPACT
from answers.why import WHY

QUESTIONS: dict[str, AnyQuestion] = {
    one.name: one for one in (MAP, DIFF, NODES, NODE, IMPACT, DEPS, PATH, ORDER, POLICY, CLUSTERS, WHY, ANNOTATIONS)
}
