"""`servicemap overlay`: notes on nodes and edges, what they have to be, and since when they hold."""

from pathlib import Path

import click

from servicemap.config import Config
from servicemap.options import Moment, configured, either_or
from servicemap.subcommands import Group

_AUTHOR = click.option("--author", metavar="NAME", help="Who says so.  [default: the user]")


@click.group(cls=Group)
def command() -> None:
    """Say what no kernel knows: who owns a service, how critical it is, which edges it cannot do without.

    An overlay is a named set of such annotations, with a JSON Schema of their values. A selector says what each is
    about. Each holds from some time on, so that maps of the past show what held then.

    \b
    service:redis                          the node of this id
    service=redis*,host=web1               nodes by service, host, level, container, namespace, pod, program, address,
                                           title, or label.NAME of a host; all conditions, * for any text
    service=shop > service=db,port=5432    edges from such clients to such servers
    \b
    The most specific annotation of an overlay stands: by id, then by most exact conditions; then the latest.
    \b
    servicemap overlay register owner --schema owner.schema.json
    servicemap overlay set owner 'service=redis*' '{"team": "blue"}'
    servicemap overlay apply deploy/overlays
    servicemap map --overlay owner.team=blue
    """


@command.command("list")
@configured()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per overlay, with its schema.")
def list_overlays(config: Config, *, as_json: bool) -> None:
    """Print the overlays that are registered.

    The exit code is 4 when there is none.

    \b
    servicemap overlay list
    servicemap overlay list --json | jq .schema
    """
    from servicemap.overlays.showing import print_overlays

    print_overlays(config, as_json=as_json)


@command.command()
@configured()
@click.argument("name")
@click.option("--schema", required=True, type=click.Path(path_type=Path), help="JSON Schema of the values.")
@_AUTHOR
def register(config: Config, name: str, schema: Path, author: str | None) -> None:
    """Register an overlay, or give it another schema that what stands does not break.

    \b
    servicemap overlay register owner --schema owner.schema.json
    """
    from servicemap.overlays.saying import register as register_schema

    register_schema(config, name, schema, author)


@command.command("set")
@configured()
@click.argument("name")
@click.argument("selector")
@click.argument("value")
@click.option("--from", "start", type=Moment(), metavar="TIME", help="From when on it holds.  [default: now]")
@click.option("--to", "end", type=Moment(), metavar="TIME", help="Up to when.  [default: until further notice]")
@_AUTHOR
def set_annotation(
    config: Config, name: str, selector: str, value: str, start: int | None, end: int | None, author: str | None
) -> None:
    """Annotate what SELECTOR selects. VALUE is JSON, or else a text as it is.

    \b
    servicemap overlay set criticality service=shop high
    servicemap overlay set owner 'service=redis*' '{"team": "blue"}' --from 2026-05-01
    servicemap overlay set essential 'service=shop > service=redis' true
    """
    from servicemap.overlays.saying import annotate

    annotate(config, name, selector, value, start, end or 0, author)


@command.command()
@configured()
@click.argument("name")
@click.argument("selector")
@click.option("--at", type=Moment(), metavar="TIME", help="When it ends.  [default: now]")
@click.option("--ever", is_flag=True, help="It was wrong, and is taken off maps of the past as well.")
def unset(config: Config, name: str, selector: str, at: int | None, *, ever: bool) -> None:
    """End what NAME says of SELECTOR, which has to be the one of the annotation. Maps of before still show it.

    The exit code is 4 when nothing is said.

    \b
    servicemap overlay unset owner 'service=redis*'
    servicemap overlay unset owner 'service=redis*' --ever
    """
    from servicemap.overlays.saying import unset as end

    either_or(("--at", at), ("--ever", ever))
    end(config, name, selector, at, ever=ever)


@command.command()
@configured()
@click.argument("name", default="")
@click.option("--at", type=Moment(), metavar="TIME", help="What held then: 10m (ago), 12:00.  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per annotation.")
def show(config: Config, name: str, at: int | None, *, as_json: bool) -> None:
    """Print the annotations that hold, of one overlay or of all, now or at any past time.

    The exit code is 4 when there is none.

    \b
    servicemap overlay show
    servicemap overlay show owner --at 2026-05-01T12:00
    servicemap overlay show --json | jq 'select(.overlay == "owner") | .value.team'
    """
    from servicemap.overlays.showing import print_annotations

    print_annotations(config, name, at, as_json=as_json)


@command.command()
@configured()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--author", metavar="NAME", help="Who says so; what only others say stays.  [default: files of FOLDER]")
@click.option("--dry-run", "dry", is_flag=True, help="Only print what would change.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per change.")
def apply(config: Config, folder: Path, author: str | None, *, dry: bool, as_json: bool) -> None:
    """Say what the files of FOLDER say, TOML or JSON, one for each overlay; a second time changes nothing.

    What the same author said before and the files no longer say ends now. Either everything is written, or, when
    something breaks its schema, nothing.

    \b
    servicemap overlay apply deploy/overlays --dry-run
    servicemap overlay apply deploy/overlays
    """
    from servicemap.overlays.saying import apply as apply_folder

    apply_folder(config, folder, author, dry=dry, as_json=as_json)
