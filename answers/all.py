"""All questions, as they are listed."""

from answers.annotations import ANNOTATIONS
from answers.clusters import CLUSTERS
from answers.diff import DIFF
from answers.map import MAP
from answers.node import NODE
from answers.nodes import NODES
from answers.order import ORDER
from answers.owner import OWNER
from answers.path import PATH
from answers.policy import POLICY
from answers.question import AnyQuestion
from answers.reach import DEPS, IMPACT
from answers.risks import RISKS_QUESTION
from answers.why import WHY

_LISTED: tuple[AnyQuestion, ...] = (
    MAP,
    DIFF,
    NODES,
    NODE,
    IMPACT,
    DEPS,
    PATH,
    ORDER,
    POLICY,
    RISKS_QUESTION,
    CLUSTERS,
    WHY,
    OWNER,
    ANNOTATIONS,
)
QUESTIONS: dict[str, AnyQuestion] = {one.name: one for one in _LISTED}
