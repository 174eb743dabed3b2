"""The page of the shop."""

from collections.abc import Mapping
from html import escape

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Emoji vote</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 18px system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; text-align: center }}
form {{ display: grid; grid-template-columns: repeat(4, 1fr); gap: .7rem }}
button {{ font: inherit; padding: .8rem 0; border: 1px solid #8886; border-radius: .7rem; background: none }}
button:hover {{ background: #8882 }}
big {{ display: block; font-size: 2.4rem }}
small {{ color: #888 }}
</style>
<h1>Which one is best?</h1>
<form method="post" action="/">{buttons}</form>
<p>{thanks}</p>
"""
_BUTTON = '<button name="emoji" value="{code}"><big>{glyph}</big>{votes} <small>votes</small></button>'


def page(emoji: Mapping[str, str], votes: Mapping[str, int], thanks_for: str) -> str:
    """Return the page: a button for each emoji with its votes, and thanks for a vote."""
    buttons = [
        _BUTTON.format(code=escape(code), glyph=escape(glyph), votes=votes.get(code, 0))
        for code, glyph in emoji.items()
    ]
    thanks = f"Thanks for your vote for {escape(emoji.get(thanks_for, thanks_for))}!" if thanks_for else "Vote!"
    return _PAGE.format(buttons="\n".join(buttons), thanks=thanks)
