"""Name Java machines by the jar or main class after the class path, or by the program that a launcher runs."""

import re
from collections.abc import Sequence
from posixpath import basename
from typing import NamedTuple

from streams.naming.called import Called
from streams.naming.options import MOST_WORDS
from streams.naming.paths import generic, named, project, stem
from streams.naming.words import fit, words

LAUNCHER = "java launcher"  # the rule of a class that starts an application without a name
MACHINES = re.compile(r"javaw?|jsvc|jsvc\.exec|java-\d+|japp")
_VALUED = words(
    "-cp -classpath --class-path -p --module-path --add-modules --upgrade-module-path --add-exports --add-opens "
    "--add-reads --patch-module --limit-modules --source -mp -user -pidfile -home -outfile -errfile -procname "
    "-wait --enable-native-access --describe-module"
)
_ENDINGS = re.compile(r"(?:Main|Daemon|Application|App|Launcher|Bootstrap|Starter|EntryPoint|Entrypoint)(?:Kt)?$|Kt$")
_ROLES = ("Main", "Daemon", "Application", "App", "Kt")  # the words before them are names
_PRODUCTS = {"org.apache", "org.eclipse"}  # vendors whose packages are named after products
_VENDOR = words("com org net io de uk co dev fr app eu us ru cn jp ch it")
_EMPTY = words(
    "main server bootstrap boot launcher startup start cli tools app application service core api internal impl "
    "runner entrypoint program loader launch standalone daemon run worker node master example"
)
_PROPERTIES = ("spring.application.name", "app.name", "application.name", "service.name", "otel.service.name",
               "dd.service", "elastic.apm.service_name", "loader.main", "appName")  # fmt: skip
# Jars and classes that start another program.
_LAUNCHERS = re.compile(
    r"org\.springframework\.boot\.loader\.(?:launch\.)?\w+Launcher|io\.quarkus\.bootstrap\.runner\.QuarkusEntryPoint"
    r"|org\.eclipse\.jetty\.start\.Main|org\.codehaus\.plexus\.classworlds\.launcher\.Launcher|oracle\.jdbc\.Launcher"
    r"|com\.simontuffs\.onejar\.Boot|play\.core\.server\.(?:ProdServerStart|NettyServer)"
    r"|org\.springframework\.boot\.loader\.\w+"
)
_FRAMEWORK = {"springframework": "spring-boot", "quarkus": "quarkus", "jetty": "jetty", "codehaus": "maven",
              "play": "play", "simontuffs": "java", "oracle": "java"}  # fmt: skip
_RUN_THROUGH = words(
    "org.jboss.modules.Main akka.Main clojure.main org.jruby.Main groovy.ui.GroovyMain io.vertx.core.Launcher "
    "jdk.jshell io.vertx.launcher.application.VertxApplication "
    "org.apache.spark.deploy.SparkSubmit org.python.util.jython "
    "org.apache.hadoop.util.RunJar scala.tools.nsc.MainGenericRunner "
    "org.apache.commons.daemon.support.DaemonWrapper"
)
_CLASS = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*")
_TOMCAT = "org.apache.catalina.startup.Bootstrap"


class Run(NamedTuple):
    """The program of a Java machine."""

    jar: str = ""
    main: str = ""
    rest: int = 0


def java(argv: Sequence[str], cwd: str) -> Called | None:
    """Return the program of a Java machine; None if it has no name."""
    run = _read(argv)
    settings = _properties(argv)
    if run.jar:
        return _jar(run, settings, argv, cwd)
    if run.main.endswith(".java"):
        return Called(named(run.main, cwd), "script", run.main)
    if not _CLASS.fullmatch(run.main):
        return None
    return _class(run, settings, argv, cwd)


def _read(argv: Sequence[str]) -> Run:
    at = 1
    while at < min(len(argv), MOST_WORDS):
        word = argv[at]
        following = argv[at + 1] if at + 1 < len(argv) else ""
        if word == "-jar":
            return Run(jar=following, rest=at + 2)
        if word in {"-m", "--module"} or word.startswith("--module="):
            apart = not word.startswith("--module=")
            module = following if apart else word.partition("=")[2]
            return Run(main=module.rpartition("/")[2], rest=at + 1 + apart)
        if word in _VALUED:
            at += 1
        elif word and word[0] not in "-@":
            return Run(main=word, rest=at + 1)
        at += 1
    return Run()


def _properties(argv: Sequence[str]) -> dict[str, str]:
    """Return the system properties, and Spring's own way to give them."""
    found: dict[str, str] = {}
    for word in argv[1:MOST_WORDS]:
        if word.startswith(("-D", "--")):
            name, sign, value = word[2:].partition("=")
            if sign:
                found.setdefault(name, value)
    return found


def _by_property(settings: dict[str, str]) -> Called | None:
    """Return the name that a property gives an application."""
    for name in _PROPERTIES:
        value = settings.get(name, "")
        plain = _simple(value) if name == "loader.main" else value
        if plain and fit(plain) and not generic(plain):
            return Called(plain, "java property", f"{name}={value}")
    return None


def _jar(run: Run, settings: dict[str, str], argv: Sequence[str], cwd: str) -> Called:
    name = stem(run.jar)
    for suffix in ("-jar-with-dependencies", "-all", "-fat", "-uber", "-shaded", "-exec", "-runner", "-boot"):
        name = name.removesuffix(suffix)
    if name == "jboss-modules" and (inner := _module(argv[run.rest :])):
        return inner
    if generic(name):
        folder = named(run.jar, cwd)
        own = _by_property(settings) if "/" not in folder else None
        return own or Called(folder, "jar", run.jar)
    return Called(name, "jar", run.jar) if name else Called("java", "interpreter", run.jar)


def _class(run: Run, settings: dict[str, str], argv: Sequence[str], cwd: str) -> Called:
    evidence = run.main
    if run.main == _TOMCAT:
        base = project(settings.get("catalina.base", ""))
        own = base if base and not base.startswith(("tomcat", "apache-tomcat")) else ""
        return Called(f"tomcat/{own}" if own else "tomcat", "java main class", evidence)
    if run.main == "org.jboss.modules.Main":
        return _module(argv[run.rest :]) or Called("jboss", "java main class", evidence)
    if run.main in _RUN_THROUGH and (inner := _through(argv[run.rest :], cwd)):
        return inner
    if _LAUNCHERS.fullmatch(run.main):
        if property_name := _by_property(settings):
            return property_name
        folder = project(settings.get("user.dir", "")) or project(cwd)
        framework = next((name for part, name in _FRAMEWORK.items() if part in run.main), "java")
        place = settings.get("user.dir", cwd)
        return Called(folder, "working directory", place) if folder else Called(framework, LAUNCHER, evidence)
    return Called(_simple(run.main), "java main class", evidence)


def _module(arguments: Sequence[str]) -> Called | None:
    """Return the program that JBoss Modules starts: WildFly, or the server in its name."""
    module = next((word for word in arguments if re.fullmatch(r"[a-z][\w-]*(?:\.[\w-]+)+", word)), "")
    if module in {"org.jboss.as.standalone", "org.jboss.as.host-controller", "org.jboss.as.process-controller"}:
        return Called("wildfly", "java module", module)
    return Called(module.rpartition(".")[2], "java module", module) if module else None


def _through(arguments: Sequence[str], cwd: str) -> Called | None:
    """Return the program that a launcher class was asked to run."""
    skip = ""
    for at, word in enumerate(arguments):
        if word in {"--class", "-m", "--main"} and at + 1 < len(arguments):
            inner = arguments[at + 1]
            return Called(inner if word == "-m" else _simple(inner), "java main class", inner)
        if word in {"-e", "--eval", "-i"}:
            return None
        if word.startswith("-"):
            skip = word if word.startswith("--") and "=" not in word else ""
        elif skip:
            skip = ""
        elif word not in {"run", "start"} and fit(basename(word)):
            inner = re.sub(r"^(?:java|js|groovy):", "", word)
            whole = "/" in inner or re.search(r"\.(?:jar|clj|rb|groovy|py|js)$", inner)
            return Called(named(inner, cwd) if whole else _simple(inner), "java main class", word)
    return None


def _simple(path: str) -> str:
    """Return the name of a class: Kafka of kafka.Kafka, zookeeper of org.apache.zookeeper.….QuorumPeerMain."""
    packages, _, name = path.rpartition(".")
    name = name.rpartition("$")[2] or name.strip("$") or name
    parts = [part for part in packages.split(".") if part]
    short = _ENDINGS.sub("", name)
    product = parts[2] if ".".join(parts[:2]) in _PRODUCTS and len(parts) > 2 else ""
    if product:
        if product.lower() in name.lower():
            return name if short.lower() in _EMPTY else short or name
        if short != name or short.lower() in {"main", "server", "cli", "bootstrap"}:
            return product
        return f"{product}/{name}"
    starts = short != name and not name.endswith(_ROLES) and short.lower() not in parts
    if len(short) > 2 and short.lower() not in _EMPTY and not starts:
        return short
    meaningful = [part for at, part in enumerate(parts) if part not in _EMPTY and not (at == 0 and part in _VENDOR)]
    last = short if starts and len(short) > 2 and short.lower() not in _EMPTY else name
    return f"{meaningful[-1]}/{last}" if meaningful else last
