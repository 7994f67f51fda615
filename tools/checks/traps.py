"""What g++ 12 compiles wrongly: braces or lambdas inside a co_await expression (double free), and
a co_await inside a condition (the fiber is lost)."""

import re

import cpp
import files

LAMBDA = re.compile(r"(?<![\w\])\s])\s*\[(?!\[)|(?:return|,|\()\s*\[")


def expression(code, start):
    """From after co_await to the end of its own expression."""
    depth = 0
    for at in range(start, len(code)):
        sign = code[at]
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth < 0:
                return code[start:at]
        elif sign == ";" and depth == 0:
            return code[start:at]
    return code[start:]


def findings_of(path):
    code = cpp.code_without_macros(files.read(path))
    for match in re.finditer(r"(?<!operator )\bco_await\b", code):
        line = code.count("\n", 0, match.start()) + 1
        text = expression(code, match.end())
        if LAMBDA.search(" " + text):
            yield f"{path}:{line}: name the lambda, then co_await it (g++ 12 double free)"
        elif "{" in text:
            yield f"{path}:{line}: name the braced value, then co_await it (g++ 12 double free)"
    for match in re.finditer(r"\b(?:if|while|for|switch)\s*\(", code):
        if "co_await" in expression(code, match.end()):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: name the awaited value, then test it (g++ 12 loses the fiber)"
    for match in re.finditer(r"\bPOSTERN_LOG\s*\(", code):
        if "co_await" in expression(code, match.end()):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: name the awaited value, then log it (g++ 12 double free)"


def main():
    files.report([f for path in files.ours(".cc", ".h") for f in findings_of(path)])


if __name__ == "__main__":
    main()
