"""Name programs that only run another one: loaders, emulators, virtual machines, multi-call binaries."""

import itertools
import re
from collections.abc import Callable
from posixpath import basename

from streams.naming.called import Called, Command
from streams.naming.options import Grammar, Kind, read
from streams.naming.paths import generic, named, project
from streams.naming.words import fit, versionless, words

Answer = Called | Command | None  # a name, the command to go on with, or none

_LOADER = Grammar(
    bundles=False,
    long_valued=words(
        "--library-path --preload --audit --argv0 --glibc-hwcaps-mask --glibc-hwcaps-prepend --inhibit-rpath"
    ),
)
_USER_EMULATOR = Grammar(
    bundles=False,
    long_valued=words("-L -0 -E -U -cpu -s -B -R -g -d -D -r -p -seed -plugin -dfilter -singlestep -one-insn"),
)
_DOTNET = Grammar(
    commands=frozenset({"exec"}),
    other_commands=words("build test publish restore new tool pack clean nuget sdk format"),
    bundles=False,
    long_valued=words(
        "--depsfile --runtimeconfig --additionalprobingpath --additional-deps --fx-version --roll-forward "
        "--roll-forward-on-no-candidate-fx"
    ),
)
_VALGRIND = Grammar(bundles=False)


def _loaded(grammar: Grammar) -> Callable[[Command], Answer]:
    def unwrap(command: Command) -> Answer:
        found = read(grammar, command.argv)
        return command.started(found.rest - 1) if found.kind is Kind.SCRIPT else None

    return unwrap


def _multicall(command: Command) -> Answer:
    """Name the applet by its link, or else continue with the one in the first argument: busybox httpd -f."""
    if command.own and command.own != command.base:
        return Called(command.own, "executable", command.argv[0])
    return command.started(1) if len(command.argv) > 1 and fit(command.argv[1]) else None


def _machine(command: Command) -> Answer:
    """Name a virtual machine by its guest."""
    for option, value in zip(command.argv, command.argv[1:], strict=False):
        if option == "-name":
            settings = value.split(",")
            guest = next((one[6:] for one in settings if one.startswith("guest=")), settings[0])
            return Called(guest, "guest", f"-name {value}") if fit(guest.replace(" ", "-")) else None
    return None


def _wine(command: Command) -> Answer:
    """Name a Windows program, which may stand as the first argument itself."""
    for word in command.argv[:4]:
        name = re.split(r"[\\/]", word)[-1]
        if name.lower().endswith(".exe") and not name.lower().startswith("wine"):
            folder = project(re.sub(r"\\", "/", word)[: -len(name)].partition(":")[2])
            plain = versionless(name[:-4])
            return Called(f"{folder}/{plain}" if generic(plain) and folder else plain, "script", word)
    return None


def _dotnet(command: Command) -> Answer:
    argv = command.argv
    if "run" in argv[1:3] or "watch" in argv[1:2]:
        for option, value in itertools.pairwise(argv):
            if option in {"--project", "-p"}:
                return Called(named(value, command.cwd), "project", value)
        folder = project(command.cwd)
        return Called(folder, "working directory", command.cwd) if folder else None
    found = read(_DOTNET, argv)
    return Called(named(found.value, command.cwd), "assembly", found.value) if found.kind is Kind.SCRIPT else None


_OTP = words(
    "kernel elixir erl start_sasl start_clean no_dot_erlang start start_boot init user_drv shell iex erlang "
    "logger sys vm"
)
_OTP_NAMES = {"rabbit": "rabbitmq"}  # the module is shorter than the product


def _erlang(command: Command) -> Answer:
    """Name an Erlang machine by the module it starts, its release, mix, its node or its root."""
    argv = command.argv
    pairs = list(itertools.pairwise(argv))
    for option, value in pairs:
        if option in {"-s", "-run"} and fit(value) and value not in _OTP:
            return Called(_OTP_NAMES.get(value, value), "erlang module", f"{option} {value}")
    for option, value in pairs:
        release = re.match(r"(.*)/releases/[^/]+/(\w+)", value) if option in {"-boot", "-config"} else None
        if release:
            name = release[2] if release[2] not in _OTP else project(release[1])
            if name:
                return Called(name, "erlang release", f"{option} {value}")
    for option, value in pairs:
        if option in {"-sname", "-name"} and fit(value.partition("@")[0]):
            return Called(value.partition("@")[0], "erlang node", f"{option} {value}")
    for option, value in pairs:
        if option == "-extra" and basename(value) == "mix":
            folder = project(command.cwd)
            return Called(f"{folder}/mix" if folder else "mix", "script", value)
    for option, value in pairs:
        folder = project(value) if option == "-root" else ""
        if folder and folder not in _OTP:
            return Called(folder, "erlang root", f"{option} {value}")
    return Called("erlang", "executable", command.exe)


_LAUNCHERS: tuple[tuple[re.Pattern[str], Callable[[Command], Answer]], ...] = (
    (re.compile(r"ld(?:-linux.*|-musl-.*|-[\d.]+|64|)\.so(?:\.\d+)?"), _loaded(_LOADER)),
    (re.compile(r"qemu-(?!system|img|ga|nbd|io)[\w]+(?:-static|-binfmt(?:-P)?)?|rosetta|box64|box86|FEXInterpreter"),
     _loaded(_USER_EMULATOR)),
    (re.compile(r"(?:memcheck|callgrind|massif|helgrind|drd|cachegrind|dhat)-\w+-linux|valgrind(?:\.bin)?"),
     _loaded(_VALGRIND)),
    (re.compile(r"qemu-system-\w+|kvm|qemu-kvm|qemu"), _machine),
    (re.compile(r"wine(?:64)?(?:-preloader|-development|-stable)?"), _wine),
    (re.compile(r"dotnet"), _dotnet),
    (re.compile(r"beam(?:\.smp)?"), _erlang),
    (re.compile(r"busybox(?:\.\w+|-\w+)?|toybox|coreutils"), _multicall),
)  # fmt: skip


def launcher(name: str) -> Callable[[Command], Answer] | None:
    """Return the function that reads a launcher of that name."""
    return next((read_ for names, read_ in _LAUNCHERS if names.fullmatch(name)), None)
