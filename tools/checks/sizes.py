"""Files of at most 400 lines, lines of at most 100 columns, functions of at most 70 lines."""

import re

import cpp
import files

LINES_MAX = 400
COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
TABLE = re.compile(r"=\s*$")
INITIALIZER = re.compile(r"\s*[,{]")
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern|concept)\b[^()]*$")


def functions(text):
    """(name, first line, lines) of each function body, found by its braces."""
    code = cpp.code_without_macros(text)
    stack = []  # of (is function, start offset)
    head = 0  # where the text before the next brace begins
    inside = 0  # how many open braces belong to functions
    for at in (m.start() for m in re.finditer(r"[{};]", code)):
        sign = code[at]
        if sign == "{":
            before = code[head:at]
            is_function = inside > 0 or not (SCOPE.search(before) or TABLE.search(before))
            start = head + len(before) - len(before.lstrip())
            stack.append((is_function, start, before.strip()))
            inside += is_function
        elif sign == "}" and stack:
            is_function, start, before = stack.pop()
            inside -= is_function
            if is_function and inside == 0:
                if INITIALIZER.match(code, at + 1):
                    head = start  # A member's braces before the body: the function goes on.
                    continue
                first = code.count("\n", 0, start) + 1
                yield name_of(before), first, code.count("\n", 0, at) + 2 - first
        head = at + 1


def name_of(head):
    found = re.search(r"([\w:~]+)\s*\(\s*([\w, ]*)", head)
    if not found:
        return "a block"
    if found.group(1).startswith("TEST"):
        return "the test " + found.group(2).replace(", ", ".")
    return found.group(1)


def main():
    findings = []
    for path in files.ours(".cc", ".h", ".py", ".proto") + scripts():
        text = files.read(path)
        lines = text.split("\n")
        if len(lines) - 1 > LINES_MAX:
            findings.append(f"{path}: split it, {len(lines) - 1} lines are more than {LINES_MAX}")
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX:
                findings.append(
                    f"{path}:{number}: break the line, {len(line)} columns are more than "
                    f"{COLUMNS_MAX}")
        if not path.endswith((".cc", ".h")):
            continue
        for name, first, length in functions(text):
            if length > FUNCTION_LINES_MAX:
                findings.append(
                    f"{path}:{first}: split {name}, {length} lines are more than "
                    f"{FUNCTION_LINES_MAX}")
    files.report(findings)


def scripts():
    return [p for p in files.ours("") if p.startswith(("tools/", ".ci/")) and "." not in p[4:]]


if __name__ == "__main__":
    main()
