"""A C++ text with comments and literals blanked, so that braces and words can be looked for."""

import re

_PIECES = re.compile(
    r'R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"  # not the separator of 1'000
    r"|//[^\n]*|/\*.*?\*/",
    re.DOTALL)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def code_of(text):
    """The same lines and columns, with blanks for comments, strings and characters."""
    return _PIECES.sub(blank, text)


def _is_comment(match):
    return match.group().startswith(("//", "/*"))


def without_comments(text):
    """The same lines and columns, with blanks for comments only."""
    return _PIECES.sub(lambda match: blank(match) if _is_comment(match) else match.group(), text)


def comments_of(text):
    """The comments, one a line."""
    return "\n".join(match.group() for match in _PIECES.finditer(text) if _is_comment(match))


def code_without_macros(text):
    """As code_of, without preprocessor lines."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, code_of(text), flags=re.MULTILINE)
