"""YAML as tables, by PyYAML where it is installed."""

import re
from typing import Any

from simulation.decoding import TOO_DEEP, text
from simulation.mistakes import Mistake

MOST_BYTES = 1 << 20  # reading takes some seconds for each MiB of it
MISSING = "reading Compose files needs PyYAML: run `pip install 'servicemap[compose]'`"
_PLAIN = {  # of YAML 1.2, as Compose has it: in 1.1 off is false, and 22:22 is 1342
    "tag:yaml.org,2002:bool": ("true|false|True|False|TRUE|FALSE", "tfTF"),
    "tag:yaml.org,2002:int": (r"[-+]?(?:0|[1-9]\d{0,17})", "-+0123456789"),
    "tag:yaml.org,2002:float": (r"[-+]?(?:\.\d+|\d+\.\d*)(?:[eE][-+]?\d+)?", "-+.0123456789"),
    "tag:yaml.org,2002:null": (r"~|null|Null|NULL|", "~nN"),
    "tag:yaml.org,2002:merge": ("<<", "<"),
}


def yaml_tables(data: bytes, name: str) -> Any:
    """Return a YAML document as tables; Mistake names the file and the line, or the package that is missing."""
    try:
        import yaml  # an extra: nothing but this needs it
    except ImportError:
        raise Mistake(f"{name}: {MISSING}") from None
    if len(data) > MOST_BYTES:
        raise Mistake(f"{name} has {len(data):,} bytes, and {MOST_BYTES:,} is the most; give a smaller file")

    class Loader(yaml.SafeLoader):
        """Takes values with tags of Compose (!reset, !override) as if they had none."""

        def of_tag(self, _: str, node: yaml.Node) -> Any:
            """Return the value of a node, whatever its tag."""
            if isinstance(node, yaml.MappingNode):
                return self.construct_mapping(node, deep=True)
            if isinstance(node, yaml.SequenceNode):
                return self.construct_sequence(node, deep=True)
            return node.value

    Loader.yaml_implicit_resolvers = {}
    for tag, (pattern, first) in _PLAIN.items():
        Loader.add_implicit_resolver(tag, re.compile(rf"(?:{pattern})\Z"), list(first) + [""] * tag.endswith("null"))
    Loader.add_multi_constructor("!", Loader.of_tag)
    try:
        return yaml.load(text(data, name), Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise Mistake(f"{name} is not YAML: {line}{error.problem or error.context}; correct it there") from None
    except (yaml.YAMLError, ValueError) as error:  # a control character; a number that is none
        raise Mistake(f"{name} is not YAML: {' '.join(str(error).split())}; correct it") from None
    except RecursionError:
        raise Mistake(f"{name}: {TOO_DEEP}") from None
