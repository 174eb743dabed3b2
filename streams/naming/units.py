"""Name the service of a systemd unit: one service for all instances of a socket, none for a unit that holds others."""

import re
from collections.abc import Sequence

from streams.naming.words import fit, versionless, without_ids, words

# Units that hold programs which somebody started. Such a program is named by itself.
_HOLD = words(
    "cron crond cronie anacron atd ssh sshd dropbear getty dbus dbus-broker init rc-local rc.local inetd xinetd"
    " openbsd-inetd networking ifup screen tmux user session cloud-init cloud-final cloud-config cloud-init-local"
)
_MANAGE = words(
    "supervisor supervisord pm2 runit runsv runsvdir svscan daemontools s6 s6-svscan circus circusd monit god bluepill"
    " foreman immortal perpd finit bosh-agent process-compose overmind tini dumb-init nomad garden gdn guardian slurmd"
    " jenkins-agent buildkite-agent gitlab-runner actions-runner github-runner teamcity-agent bamboo-agent salt-minion"
    " amazon-ssm-agent walinuxagent google-guest-agent google-startup-scripts code-server"
)
_CONTAIN = words(
    "k3s k0s k0scontroller k0sworker rke2 kubelet microk8s containerd docker crio cri-o cri-docker podman lxc lxd incus"
    " balena balena-engine libvirtd virtqemud machine crun runc"
)
_RUN = _MANAGE | _CONTAIN
_HOLDERS = re.compile(
    rf"(?:{'|'.join(map(re.escape, _HOLD | _RUN))})(?:@.*)?"
    rf"|(?:{'|'.join(map(re.escape, _RUN))})-(?:agent|server|client|node|daemon|svscan)(?:@.*)?"
    r"|(?:pm2|actions-runner|github-runner|gitlab-runner|buildkite-agent)-.*|actions\.runner\..*|session-[a-z]?\d+"
    r"|.*[-_.](?:supervisord?|runsvdir|pm2|getty)(?:@.*)?|systemd-.*|dbus-:.*"
    r"|snap\.(?:amazon-ssm-agent|microk8s|lxd)\..*"
)
# Process managers, by the kernel's name of the process.
_MANAGERS = re.compile(
    r"supervisord|pm2|PM2 v.*|runsv|runsvdir|svscan|supervise|s6-supervise|s6-svscan|circusd|monit|god|foreman.*|honcho"
    r"|overmind|goreman|hivemind|process-compose|immortal|perpd|nomad|gdn|guardian|garden|bosh-agent|k3s.*|k0s|rke2.*"
    r"|containerd-shim.*|slurmstepd|Runner\.Worker|Runner\.Listener|gitlab-runner|buildkite-agent|crond?|cron"
)
_TRANSIENT = re.compile(r"run-(?:u|r|p)?[0-9a-f]+(?:-i?\d+)*|run-r[0-9a-f]{8,}|(?:libpod|docker|crio)-[0-9a-f]+")
_NUMBER = re.compile(r"[-_.:](?:\d{3,}|u\d+|r[0-9a-f]{16,})$")


def unit_service(unit: str, lineage: Sequence[str] = ()) -> str:
    """Return the service that a unit names; "" if it holds other programs, or a single run.

    `lineage` are the ancestors of the process, the nearest first. Children of a process manager are not its service.
    """
    stem = re.sub(r"\.(?:service|scope|socket)$", "", unit)
    if not stem or _HOLDERS.fullmatch(stem) or _TRANSIENT.fullmatch(stem):
        return ""
    if any(_MANAGERS.fullmatch(parent) for parent in lineage):
        return ""
    template, sign, instance = stem.partition("@")
    template = _steady(template)
    if sign and template:
        kept = _steady(instance)
        return f"{template}@{kept}" if _means(instance) and fit(kept) else template
    return template


def _steady(name: str) -> str:
    """Return a name without versions, dates, hashes, ids and ports; "" when nothing is left of it."""
    name = without_ids(name)
    for _ in range(4):
        shorter = _NUMBER.sub("", versionless(name))
        if shorter == name:
            break
        name = shorter
    return name if fit(name) else ""


def _means(instance: str) -> bool:
    """Return whether an instance was set up by a person, and is no connection, number or address."""
    return ":" not in instance and bool(re.search(r"[^\W\d_]", instance))
