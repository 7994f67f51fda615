"""CEL rules with the words of the file validation, as pieces of a structural schema.

Flow      rule(holds, words) for a fixed sentence; chain([(holds, words), ...]) where the first
          condition that fails says its sentence. Words are text, or Cel(expression) for sentences
          that hold the value.
Limits    CEL knows no international names: text beyond ASCII is judged by the services alone.
See       common/connector/validate.cc, common/directory/rules.cc
"""

import json

SLUG = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
SLUG_WORDS = 'a name is 1 to 63 lower-case letters, digits and "-", with no "-" at an end'
BYTE = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
IPV4 = f"({BYTE}[.]){{3}}{BYTE}"
TRIMMED = "self.trim()"


class Cel(str):
    """An expression that gives the sentence."""


def text(value):
    """A CEL literal."""
    return json.dumps(value)


def expression(words):
    return str(words) if isinstance(words, Cel) else text(words)


def rule(holds, words, path=None):
    made = {"rule": holds}
    if isinstance(words, Cel):
        made["messageExpression"] = str(words)
    else:
        made["message"] = words
    if path:
        made["fieldPath"] = path
    return made


def chain(steps, names=(), path=None):
    """`names` are (name, expression) pairs that the steps may use, each also the next pairs."""
    whole = " && ".join(f"({holds})" for holds, _ in steps)
    said = expression(steps[-1][1])
    for holds, words in reversed(steps[:-1]):
        said = f"!({holds}) ? {expression(words)} : {said}"
    for name, value in reversed(names):  # CEL has no other way to name a value
        whole = f"[{value}].all({name}, {whole})"
        said = f"[{value}].map({name}, {said})[0]"
    return rule(whole, Cel(said), path)


def one_of(*words):
    """A word out of a fixed set, in any case; the caller says whether none will do too."""
    listed = ", ".join(words[:-1]) + " or " + words[-1]
    known = "[" + ", ".join(text(word.lower()) for word in words) + "]"
    return rule(f"self.lowerAscii() in {known}", f"is {listed}")


def optional_one_of(*words):
    made = one_of(*words)
    made["rule"] = f'self == "" || {made["rule"]}'
    return made


def ascii_only(name):
    return f'{name}.matches("^[\\\\x00-\\\\x7f]*$")'


def domain_steps(name):
    """The rules of a domain name that is ASCII, in the order in which they are judged."""
    said = lambda words: Cel(f'"domain \\"" + {name} + "\\" {words}"')  # noqa: E731
    other = "\\\\x{80}-\\\\x{10ffff}"
    return [
        (f'{name} != "" && {name} != "."', said("must not be empty")),
        (f'size({name}) <= 253', said("must be at most 253 bytes long")),
        (f'{name}.matches("^[A-Za-z0-9._{other}-]*$")',
         said("must have only letters, digits and hyphens in its labels")),
        (f'!{name}.startsWith(".") && !{name}.contains("..")',
         said("must not have an empty label")),
        (f'!{name}.matches("[!-\\\\-/-~]{{64}}")', said("must have labels of at most 63 bytes")),
        (f'!{name}.startsWith("-") && !{name}.contains(".-") && !{name}.contains("-.") && '
         f'!{name}.endsWith("-")',
         said("must not have a label that begins or ends with a hyphen")),
    ]


def domain_holds(name):
    return " && ".join(f"({holds})" for holds, _ in domain_steps(name))


def host_port(name):
    label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    port = ("0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]"
            "|6553[0-5])")
    shape = f"^({label}([.]{label})*|[[][0-9A-Fa-f:.]+[]]):{port}$"
    return f"{name}.matches({text(shape)}) && {name}.size() <= 260"


# Sizes and time spans

SIZE = ('self.trim().matches("^((?i)unlimited|[0-9]+\\\\s*((?i)b|kb|mb|gb|tb)?)$")',
        Cel('"\\"" + self + "\\" is not a size: write a whole number with B, KB, MB, GB or TB, '
            'or \\"unlimited\\""'))


def _number(least=None, most=None):
    """Whether the number of a size is in bounds; the bound of each unit is in its own count."""
    count = 'int(self.find("[1-9][0-9]*|0"))'
    lower = "self.lowerAscii()"
    units = [("tb", 1 << 40), ("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10)]
    bound = str(most if most is not None else least)
    for unit, size in reversed(units):
        value = most // size if most is not None else max(1, -(-least // size))
        bound = f'{lower}.contains("{unit}") ? {value} : ({bound})'
    digits = 'self.find("[1-9][0-9]*").size()'
    if most is not None:
        return f'{lower}.contains("unlimited") || ({digits} <= 12 && {count} <= ({bound}))'
    return f'{lower}.contains("unlimited") || {digits} > 12 || {count} >= ({bound})'


def size_up_to(most):
    return chain([(f'self == "" || {SIZE[0]}', SIZE[1]),
                  (f'self == "" || {_number(most=most)}',
                   f"is from 0 to {most} bytes, or unlimited")])


def size_from(least, words):
    return chain([(f'self == "" || {SIZE[0]}', SIZE[1]),
                  (f'self == "" || {_number(least=least)}', words)])


CLOCK = "([0-9]+[.])?0*(2[0-3]|1?[0-9]):0*[0-5]?[0-9]:0*[0-5]?[0-9]([.][0-9]{1,9})?"
SPAN = f"^({CLOCK}|0|[0-9]{{1,13}}(ms|s|m|h|d))$"
SECOND_TO_DAY = (
    'self.contains(":") ? ((self.trim().matches("^(0+[.])?[0-9]+:[0-9]+:[0-9]") && '
    '!self.trim().matches("^(0+[.])?0+:0+:0+([.]|$)")) || '
    'self.trim().matches("^0*1[.]0+:0+:0+([.]0+)?$")) : '
    '(self.trim() != "0" && int(self.find("[0-9]+")) >= (self.contains("ms") ? 1000 : 1) && '
    'int(self.find("[0-9]+")) <= (self.contains("ms") ? 86400000 : self.contains("s") ? 86400 : '
    'self.contains("m") ? 1440 : self.contains("h") ? 24 : 1))')


def span_second_to_day():
    return chain([
        (f'self == "" || self.trim().matches({text(SPAN)})',
         Cel('"\\"" + self + "\\" is not a time span: write [dd.]hh:mm:ss, or a number with ms, s, '
             'm, h or d"')),
        (f'self == "" || ({SECOND_TO_DAY})', "is from 00:00:01 to 1.00:00:00")])
