"""The overlays that are shipped can be brought into a log as they are, once."""

from contextlib import closing
from pathlib import Path

from log.connect import connect
from log.settings import LogSettings
from servicemap.overlays.folder import apply, read_folder
from servicemap.overlays.writing import Writing

EXAMPLES = Path(__file__).parents[2] / "deploy" / "overlays"


def test_the_examples_are_taken_whole_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    files = read_folder(EXAMPLES)
    with closing(connect(LogSettings(url=str(tmp_path / "log.sqlite")))) as log:
        writing = Writing(log, tmp_path, lambda: 1_000)
        done = [change.what for change in apply(writing, files, "examples", 1_000, dry=False)]

        assert set(files) == {"service.criticality", "owner", "essential", "backup"}
        assert (done.count("registered"), done.count("ended"), done.count("added") > 4) == (4, 0, True)
        assert apply(writing, files, "examples", 2_000, dry=False) == []
