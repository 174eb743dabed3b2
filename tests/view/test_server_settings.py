import pytest

from servicemap.config import Config, ViewConfig
from servicemap.settings import problems, settings


@pytest.mark.parametrize(("host", "token", "wrong"), [("0.0.0.0", "", 1), ("0.0.0.0", "x", 0), ("::1", "", 0)])
def test_a_view_that_others_can_reach_without_a_token_is_a_problem(host: str, token: str, wrong: int) -> None:
    found = list(problems(Config(view=ViewConfig(host=host, token=token))))
    assert len([each for each in found if each.startswith("view.host")]) == wrong


def test_the_token_is_not_shown() -> None:
    rows = {row["key"]: row["value"] for row in settings(Config(view=ViewConfig(token="secret")), [])}
    assert rows["view.token"] == "***"
    assert {row["key"]: row["value"] for row in settings(Config(), [])}["view.token"] == ""
