"""Texts of statements and errors: classes, empty texts, long ones, and those that look like something else."""

from __future__ import annotations

from tests.estate import Estate, at

# The class is the word in brackets that begins the message.
CLASSES = {
    "[TABLE_OR_VIEW_NOT_FOUND] The table `a` cannot be found.": "TABLE_OR_VIEW_NOT_FOUND",
    "\n[DELTA_X.SUB_CLASS] no": "DELTA_X.SUB_CLASS",
    "[CAST_2] [bold]not markup[/bold] [OTHER]": "CAST_2",
    "broken [/x] [NOT_FIRST]": None,
    "[not a class] but words": None,
    "[": None,
}


async def test_the_error_class_is_the_bracketed_word_that_starts_the_message(estate: Estate) -> None:
    """Classes come from the message, brackets and all else in it stay as they are. Trap 17."""
    for message in CLASSES:
        estate.query(message, at("10:00"), at("10:01"), "FAILED", error_message=message)
    rows = (await estate.monitor().failed_queries()).rows()
    assert {row["error_message"]: row["error_class"] for row in rows} == CLASSES


async def test_failures_are_grouped_by_their_class(estate: Estate) -> None:
    """Failures and users per class, commonest first; those without a class are a group of their own. Trap 17."""
    # `A`: three failures of two users. None: two, for '' and NULL are both "no message". A user of NULL is no user.
    rows = [("[A] x", "ann"), ("[A] y", "bob"), ("[A] z", "ann"), ("", "ann"), (None, None), ("[B] x", "cy")]
    for number, (message, user) in enumerate(rows):
        estate.query(
            f"{number}", at("10:00"), at(f"10:0{number}"), "FAILED", error_message=message, executed_by=user
        )
    estate.query("fine", at("10:00"), at("10:09"), error_message="[A] of one that did not fail")
    frame = (await estate.monitor().query_errors()).frame
    assert frame.select("error_class", "failures", "users").rows() == [("A", 3, 2), (None, 2, 1), ("B", 1, 1)]
    (first,) = frame.filter(error_class="A").to_dicts()
    assert (first["first_failure"], first["last_failure"]) == (at("10:00"), at("10:02"))
    assert first["last_message"] == "[A] z"


async def test_texts_under_customer_managed_keys_are_empty(estate: Estate) -> None:
    """'' and NULL come as they are, and 'null', 'true' and '1.50' stay texts. Traps 17 and 28."""
    texts = {"empty": "", "none": None, "null": "null", "flag": "true", "number": "1.50", "json": '{"a": 1}'}
    for key, text in texts.items():
        estate.query(key, at("10:00"), at("10:01"), "FAILED", statement_text=text, error_message=text)
    rows = (await estate.monitor().failed_queries()).rows()
    assert {row["statement_id"]: row["statement_text"] for row in rows} == texts
    assert {row["statement_id"]: row["error_message"] for row in rows} == texts
    assert {row["error_class"] for row in rows} == {None}


async def test_a_long_text_is_cut_at_4096_characters(estate: Estate) -> None:
    """Characters, not bytes: 4095 and an ellipsis; a text of just that length stays whole. Trap 17."""
    # A duck is one character of four bytes and two UTF-16 units.
    texts = {"ascii": "x" * 60_000, "ducks": "🦆" * 5000, "fits": "y" * 4096, "ducks fit": "🦆" * 4096}
    for key, text in texts.items():
        estate.query(key, at("10:00"), at("10:01"), "FAILED", statement_text=text, error_message=text)
    rows = (await estate.monitor().failed_queries()).rows()
    expected = {"ascii": "x" * 4095 + "…", "ducks": "🦆" * 4095 + "…"}
    for row in rows:
        whole = expected.get(row["statement_id"], texts[row["statement_id"]])
        assert row["statement_text"] == whole
        assert row["error_message"] == whole


async def test_awkward_characters_survive(estate: Estate) -> None:
    """Newlines, tabs, escape sequences, quotes and brackets arrive as they were, for screens to tame. Trap 17."""
    texts = [
        "SELECT 1\n  -- a comment\n\tFROM t\r\n",
        "\x1b[31mred\x1b[0m \x1b]8;;https://example.com\x07link\x1b]8;;\x07",
        'it\'s "quoted" `ticked` \\n :name $1 ? {x} [red]markup[/red]',
        "Ünïcødé 漢字 e\u0301 \u202egnp.exe",
    ]
    for number, text in enumerate(texts):
        estate.query(f"{number}", at("10:00"), at(f"10:0{number}"), statement_text=text)
    rows = (await estate.monitor().queries()).rows()
    assert [row["statement_text"] for row in reversed(rows)] == texts
