"""Find the benchmarks and run each in a process of its own, so that imports and caches stay apart.

Run as ``python -m benchmarks.runner MODULE_PATH RESULTS_PATH`` it is that process.
"""

import ast
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks.result import Result


class BenchmarkError(Exception):
    """A benchmark ended without results."""


def discover(folder: Path) -> dict[str, Path]:
    """Map the name of each module in ``folder`` that defines ``run()`` to its file.

    The sources are parsed and not imported: a benchmark's imports belong to its own process.
    """
    return {path.stem: path for path in sorted(folder.glob("*.py")) if _defines_run(path)}


def _defines_run(path: Path) -> bool:
    body = ast.parse(path.read_text(), filename=str(path)).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in body)


def run_apart(path: Path) -> list[Result]:
    """Run one benchmark in a new process and return its results.

    What it prints goes to stderr. Raises BenchmarkError when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="servicemap-bench-") as folder:
        results = Path(folder) / "results.json"
        command = [sys.executable, "-m", "benchmarks.runner", str(path), str(results)]
        code = subprocess.run(command, stdout=sys.stderr.fileno(), check=False).returncode
        if code != 0:
            raise BenchmarkError(f"{path.stem} ended with code {code}: see what it printed above")
        return msgspec.json.decode(results.read_bytes(), type=list[Result])


def _run_here(path: Path, results: Path) -> None:
    spec = importlib.util.spec_from_file_location(f"benchmarks.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BenchmarkError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # so that what it defines can be pickled by name
    spec.loader.exec_module(module)
    results.write_bytes(msgspec.json.encode(module.run()))


if __name__ == "__main__":
    _run_here(Path(sys.argv[1]), Path(sys.argv[2]))
