"""`servicemap alerts`: the alert rules, and when they would have fired in the past."""

import click

from servicemap.config import Config
from servicemap.options import Duration, Moment, configured, not_empty
from servicemap.subcommands import Group


@click.group(cls=Group)
def command() -> None:
    """List the alert rules, or test them on what is stored.

    \b
    servicemap alerts list
    servicemap alerts test --from 6h
    servicemap alerts test --from 2026-05-01T12:00 --to 2026-05-01T18:00 --rule edge-vanished
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per rule, with its query.")
def list_rules(*, as_json: bool) -> None:
    """Print all rules: what each is about, beyond which number it fires, and after how long."""
    from servicemap.alerting import print_rules

    print_rules(as_json=as_json)


@command.command("test")
@configured()
@click.option(
    "--from", "start", type=Moment(), required=True, metavar="TIME", help="6h (ago), 12:00, 2026-05-01T12:00."
)
@click.option("--to", "end", type=Moment(), metavar="TIME", help="End of the range.  [default: the newest window]")
@click.option("--rule", default="", metavar="NAME", help="Only this rule, such as edge-vanished.")
@click.option("--every", type=Duration(), help="Time between evaluations.  [default: each rule's own, 1m or 5m]")
@click.option("--beyond", type=float, metavar="NUMBER", help="Another threshold for the rule given by --rule.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per alert.")
def test_rules(
    config: Config,
    start: int,
    end: int | None,
    rule: str,
    every: int | None,
    beyond: float | None,
    *,
    as_json: bool,
) -> None:
    """Evaluate the rules at past times as Grafana does, and print when each would have fired, and for how long.

    They see all that is stored today, so also facts that came late. The exit code is 0 whether or not anything fired.

    \b
    servicemap alerts test --from 6h
    servicemap alerts test --from 1d --rule traffic-anomaly --beyond 8
    servicemap alerts test --from 12:00 --to 13:00 --json | jq 'select(.severity == "critical")'
    """
    from servicemap.alerting import test_past

    not_empty("rule")
    if end is not None and start >= end:
        raise click.UsageError("the time range is empty: --from must be earlier than --to")
    if beyond is not None and not rule:
        raise click.UsageError("--beyond needs --rule: say which rule has this threshold")
    test_past(config, start, end, rule, every, beyond, as_json=as_json)
