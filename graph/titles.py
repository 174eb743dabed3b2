"""Names that people read, in SQL: of hosts, and of nodes."""

HOSTNAMES = (
    "(SELECT mapFromArrays(groupArray(toString(host)), groupArray(toString(hostname))) "
    "FROM hosts FINAL WHERE hostname != '') AS hostnames"
)
SHORT = 12  # of the id of a container


def called(host: str) -> str:
    """Return the name of a host, after HOSTNAMES; its id where it has reported none."""
    return f"if(hostnames[toString({host})] != '', hostnames[toString({host})], toString({host}))"


def title(node: str, service: str = "''", name: str = "''", container: str = "''") -> str:
    """Return what people call a node, after HOSTNAMES, by what is known of it (graph/nodes.py has it in Python)."""
    rest = f"substring({node}, position({node}, ':') + 1)"
    inner = f"concat(if({service} != '', {service}, {name}), '[', substring({container}, 1, {SHORT}), ']')"
    pid = f"regexpExtract({node}, ':([0-9]+):[^:]*\\\\z', 1)"
    return (
        f"multiIf(startsWith({node}, 'host:'), {called(rest)}, "
        f"startsWith({node}, 'process:') AND {name} != '', concat({name}, '[', {pid}, ']'), "
        f"startsWith({node}, 'container:') AND {container} != '', {inner}, "
        f"startsWith({node}, 'address:') AND position({node}, '@') > 0, substring({node}, position({node}, '@') + 1), "
        f"startsWith({node}, 'other:'), 'other hosts', "
        f"{rest})"
    )
