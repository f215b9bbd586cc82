"""Silences: what a person reads of a matcher that can't be used."""

from __future__ import annotations

import pytest

from sysmon_tui.alerts.silences import parsed_matchers
from sysmon_tui.errors import RequestError

NO_MATCHER = "A matcher is NAME=TEXT, such as rule=workflow.* or workflow_name=nightly."


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([], "A silence needs at least one matcher."),
        (["rule"], NO_MATCHER),
        (["=x"], NO_MATCHER),
        (["rule="], NO_MATCHER),
        (["Rule=x"], NO_MATCHER),
        (["rule =x"], NO_MATCHER),
        (["_rule=x"], NO_MATCHER),
        ([f"a{'b' * 64}=x"], NO_MATCHER),
        (["severity=high", "rule"], NO_MATCHER),
        (["rule=a", "severity=high", "rule=b"], "rule is given twice; each name once."),
    ],
)
def test_what_is_no_matcher_is_refused_in_a_sentence(texts: list[str], sentence: str) -> None:
    """With the parameter that is at fault, as a fault of whoever asks."""
    with pytest.raises(RequestError) as caught:
        parsed_matchers(texts)
    told = caught.value
    assert (told.sentence, told.parameter, told.status, told.request_code) == (
        sentence,
        "matcher",
        400,
        "parameter_invalid",
    )


def test_a_name_has_up_to_sixty_four_letters_digits_and_underscores() -> None:
    """The first of them a letter."""
    name = f"a{'9_' * 31}z"
    assert len(name) == 64
    assert parsed_matchers([f"{name}==*"]) == {name: "=*"}
