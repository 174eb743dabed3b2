"""The grammars of interpreters: their options that take a value, code, a module or the script."""

import re

from msgspec import Struct

from streams.naming.options import Grammar


class Interpreter(Struct, frozen=True, kw_only=True):
    """An interpreter: the names of its executables, and the grammar of its command line."""

    names: re.Pattern[str]
    grammar: Grammar


def _of(names: str, **grammar: object) -> Interpreter:
    sets = {
        name: frozenset(value.split()) if name.startswith("long_") or name.endswith("commands") else value
        for name, value in grammar.items()
        if isinstance(value, str)
    }
    flags = {name: value for name, value in grammar.items() if not isinstance(value, str)}
    return Interpreter(names=re.compile(rf"(?:{names})(?:-?\d[\d.]*)?"), grammar=Grammar(**sets, **flags))  # type: ignore[arg-type]


INTERPRETERS = (
    _of("python|pypy|micropython", valued="WXQ", code="c", module="m", long_valued="--check-hash-based-pycs"),
    _of(
        "node|nodejs",
        valued="rC",
        code="ep",
        long_code="--eval --print --run",
        long_valued="--require --import --loader --experimental-loader --conditions --env-file --env-file-if-exists"
        " --input-type --inspect-port --title --stack-trace-limit --icu-data-dir --openssl-config --redirect-warnings"
        " --diagnostic-dir --disable-warning --unhandled-rejections --watch-path --dns-result-order --tls-cipher-list"
        " --trace-event-categories --cpu-prof-dir --cpu-prof-name --heap-prof-dir --heapsnapshot-signal --report-dir"
        " --report-directory --report-filename --report-signal --trace-require-module --localstorage-file"
        " --experimental-default-type --secure-heap --secure-heap-min --test-reporter --max-http-header-size"
        " --experimental-config-file --disable-proto --es-module-specifier-resolution --build-snapshot-config",
        commands="inspect debug",
    ),
    _of(
        "deno",
        valued="cL",
        joined="r",
        long_valued="--import-map --config --location --cert --seed --port --host --preload --import --log-level --ext"
        " --inspect-port --minimum-dependency-age --conditions",
        commands="run serve",
        code_commands="eval",
        other_commands="task repl test bench compile install add fmt lint check cache info lsp jupyter upgrade deploy",
    ),
    _of(
        "bun|bun-profile",
        valued="rdlF",
        code="ep",
        long_code="--eval --print",
        long_valued="--cwd --preload --require --import --env-file --port --define --loader --filter --conditions"
        " --main-fields --tsconfig-override --extension-order --jsx-factory --jsx-fragment --jsx-import-source",
        commands="run",
        other_commands="install add remove create build test x repl upgrade pm init link update",
    ),
    _of("ruby|truffleruby|jruby", valued="CEFIr", joined="KWix", digits="0T", code="e",
        long_valued="--encoding --external-encoding --internal-encoding --enable --disable --dump --parser"),
    _of("perl", valued="I", joined="DFMVdimx", digits="0Cl", code="eE"),
    _of(
        "php|php-cgi",
        valued="dctzSg",
        file="f",
        code="rBERF",
        long_file="--file",
        long_code="--run --process-begin --process-code --process-end --process-file",
        long_valued="--define --php-ini --docroot --server --zend-extension",
    ),
    _of("Rscript|R", valued="gd", file="f", code="e", long_file="--file", long_code="--args",
        long_valued="--gui --debugger --encoding --default-packages"),
    _of("bash|sh|dash|ash|zsh|ksh|ksh93|mksh|yash", valued="oO", code="c", long_valued="--rcfile --init-file"),
    _of("fish|nu", valued="CdofD", code="c", long_code="--command",
        long_valued="--init-command --debug --debug-output --features --profile --config --env-config"),
    _of("csh|tcsh", code="c"),
    _of("lua|luajit|texlua", valued="l", joined="jOb", code="e"),
    _of("julia", valued="tpLHC", joined="JO", code="eE", long_code="--eval --print",
        long_valued="--threads --procs --load --project --sysimage --machine-file --home --startup-file"),
    _of("tclsh|wish|jimsh|itclsh"),
    _of("expect", file="f", code="c"),
    _of("gawk|mawk|nawk|original-awk|awk", valued="Fv", file="f", code="e", long_file="--file",
        long_valued="--assign --field-separator"),
    _of("sbcl|clisp|ecl", bundles=False, long_file="--script --load", long_code="--eval -x -eval",
        long_valued="--core --dynamic-space-size --control-stack-size"),
    _of("guile", valued="Lle", file="s", code="c"),
    _of("pwsh|powershell", bundles=False, long_file="-File -f -file", long_code="-Command -c -command -e",
        long_valued="-ExecutionPolicy -WorkingDirectory -wd -ConfigurationName -Version -WindowStyle"),
    _of("elixir|iex|escript", valued="rS", long_valued="--name --sname --cookie --erl --eval -pa -pz", code="e"),
    _of("racket|gjs|qjs|mujs|groovy|kotlin|scala|ocaml|wolframscript", code="e", valued="I", long_code="--eval -e"),
    _of("mono|mono-sgen|mono-boehm", valued="O", long_valued="--config --runtime", bundles=False),
    _of("wasmtime|wasmer|wasmedge", commands="run", long_valued="--dir --env --mapdir --invoke -S -W"),
)  # fmt: skip


def interpreter(name: str) -> Interpreter | None:
    """Return the interpreter of that name."""
    return next((one for one in INTERPRETERS if one.names.fullmatch(name)), None)


def plain(name: str) -> str:
    """Return an interpreter's name for a process without a script: python3 of python3.11, php of php8.2."""
    bare = re.sub(r"-?\d[\d.]*$", "", name)
    return f"{bare}{name[len(bare)]}" if bare in {"python", "pypy"} and name != bare and "-" not in name else bare
