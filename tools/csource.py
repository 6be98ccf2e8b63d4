# SPDX-License-Identifier: MIT
"""Just enough C to find requirement labels, tests, statements and tokens.

Works on the house style (clang-format's output), not on any C: functions end
with a brace in column 0, and macros do not hide braces.
"""
import re

LABEL = re.compile(r'\b(?:MUST|SHLD|MAY|REC)-\d+\b')
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'
                   r"'(?:\\.|[^'\\\n])*'", re.S)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.M)


def blanks(text):
    """The same length and lines, in spaces."""
    return re.sub(r'[^\n]', ' ', text)


def code_only(text):
    """Comments, strings and directives turned to spaces, offsets kept."""
    text = TOKEN.sub(lambda m: blanks(m[0]), text)
    return DIRECTIVE.sub(lambda m: blanks(m[0]), text)


def comments(text):
    """(start, end) of each comment."""
    return [m.span() for m in TOKEN.finditer(text) if m[0].startswith('/')]


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


class Item:
    """A function, variable or type at file scope, with the comment above."""

    def __init__(self, kind, name, start, body, end):
        self.kind, self.name = kind, name
        self.start, self.body, self.end = start, body, end
        self.top, self.tail = start, end  # with the comments that belong here


def item_end(code, start):
    """Offsets of the body's brace, or None, and of the end of one item."""
    depth, body = 0, None
    for match in re.compile(r'[{}();]').finditer(code, start):
        char = match[0]
        if char in '{(':
            if char == '{' and depth == 0 and body is None:
                body = match.start()
                if re.fullmatch(r'extern\s*', code[start:body]):
                    return None, match.end()  # extern "C" {: look inside
            depth += 1
        elif char in '})':
            depth -= 1
            is_function = char == '}' and depth == 0 and \
                is_function_head(code[start:body])
            if depth < 0 or is_function:  # below 0: the end of extern "C"
                return body, match.end()
        elif depth == 0:
            return body, match.end()
    return body, None


def is_function_head(head):
    return '=' not in head and re.search(r'\)\s*$', head)


def kind_and_name(head, has_body):
    if has_body and is_function_head(head):
        # the first name before a parenthesis that is not an attribute
        plain = re.sub(r'__attribute__\s*\(\(.*?\)\)', '', head)
        return 'function', re.search(r'(\w+)\s*\(', plain)
    if '=' in head:
        return 'variable', re.search(r'(\w+)\s*(?:\[[^\]]*\]\s*)*=', head)
    if re.match(r'(?:typedef\s+)?(?:enum|struct|union)\b', head) and \
            (has_body or re.fullmatch(r'\w+\s+\w+\s*;', head)):
        return 'type', re.search(r'(?:enum|struct|union)\s+(\w+)', head)
    return 'declaration', re.search(r'(\w+)\s*\(', head)


def items(text):
    """What stands at file scope, in order."""
    code, found, pos = code_only(text), [], 0
    while True:
        match = re.compile(r'\S').search(code, pos)
        if not match:
            break
        start = match.start()
        body, pos = item_end(code, start)
        if pos is None:
            break
        head = code[start:body if body is not None else pos]
        kind, name = kind_and_name(head, body is not None)
        found.append(Item(kind, name[1] if name else '', start, body, pos))
    attach_comments(text, found)
    return found


def attach_comments(text, found):
    """Comments that stand directly above an item, with no blank line, and the
    one that stands behind it on its last line."""
    spans = comments(text)
    for item in found:
        for start, end in spans:
            if start >= item.end and \
                    re.fullmatch(r'[ \t]*', text[item.end:start]):
                item.tail = end
        for start, end in reversed(spans):
            if end <= item.top and \
                    re.fullmatch(r'[ \t]*\n?[ \t]*', text[end:item.top]) and \
                    not text[text.rfind('\n', 0, start) + 1:start].strip():
                item.top = start


def labelled_items(text, label=LABEL):
    """Yields (label, item or None, offset of the label) in the whole file."""
    everything = items(text)
    for match in label.finditer(text):
        here = next((i for i in everything
                     if i.top <= match.start() < i.tail), None)
        yield match[0], here, match.start()


def test_functions(text):
    """Names of the functions that cmocka runs."""
    names = set(re.findall(r'cmocka_unit_test\w*\(\s*(\w+)', text))
    names |= {i.name for i in items(text) if i.kind == 'function' and
              re.search(r'\(\s*void\s*\*\*', text[i.start:i.body])}
    return names


def tests_by_label(text, label=LABEL):
    """label -> names of the test functions that carry it.

    A label above or inside a test function is carried by it; one at a helper
    function or a table is carried by the tests that use that, in this file.
    """
    everything, tests = items(text), test_functions(text)
    users = {}
    for item in everything:
        if item.kind == 'function':
            for word in set(re.findall(r'\w+', code_only(text)[item.body:item.end])):
                users.setdefault(word, set()).add(item.name)
    carried = {}
    for found, item, _ in labelled_items(text, label):
        if item is None:
            continue
        todo, seen = [item.name], set()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in tests:
                carried.setdefault(found, set()).add(name)
            else:
                todo += users.get(name, ())
    return carried


class Statement:
    """kind is 'if', 'for', 'while', 'switch', 'do', 'block', 'case', 'jump',
    'return', 'declaration' or 'expression'; otherwise is the else branch."""

    def __init__(self, kind, start, end, otherwise=None):
        self.kind, self.start, self.end = kind, start, end
        self.otherwise = otherwise


def skip_space(code, pos):
    return re.compile(r'\s*').match(code, pos).end()


def closing(code, pos):
    """One past the bracket that closes the one at pos."""
    depth = 0
    for match in re.compile(r'[({\[\])}]').finditer(code, pos):
        depth += 1 if match[0] in '({[' else -1
        if depth == 0:
            return match.end()
    raise ValueError('unbalanced')


DECLARATION = re.compile(
    r'(?:(?:const|static)\s+)*(?:(?:struct|enum|union)\s+\w+|unsigned\s+\w+|'
    r'\w+)\s+(?:\*\s*(?:const\s+)?)*\w+\s*(?:\[[^\]]*\]\s*)*(?:=|;|,)')


def statement(code, pos, found):
    """Parses the statement at pos, appends it and those inside it to found."""
    pos = start = skip_space(code, pos)
    word = re.compile(r'\w*').match(code, pos)[0]
    label = re.compile(r'(?:case\b[^:?]*|default\s*|\w+\s*):(?!:)').match(code, pos)
    if code[pos] == '{':
        end = closing(code, pos)
        pos = skip_space(code, pos + 1)
        here = Statement('block', start, end)
        found.append(here)
        while code[pos] != '}':
            pos = skip_space(code, statement(code, pos, found).end)
        return here
    if word in ('if', 'for', 'while', 'switch'):
        here = Statement(word, start, None)
        found.append(here)
        pos = closing(code, code.index('(', pos))
        here.end = statement(code, pos, found).end
        after = skip_space(code, here.end)
        if word == 'if' and re.compile(r'else\b').match(code, after):
            here.otherwise = statement(code, after + 4, found)
            here.end = here.otherwise.end
        return here
    if word == 'do':
        here = Statement('do', start, None)
        found.append(here)
        pos = statement(code, pos + 2, found).end
        here.end = code.index(';', pos) + 1
        return here
    if label and word not in ('return', 'goto'):
        here = Statement('case', start, label.end())
        found.append(here)
        return here
    while code[pos] != ';':
        pos = closing(code, pos) if code[pos] in '({[' else pos + 1
    kind = ('return' if word == 'return' else
            'jump' if word in ('break', 'continue', 'goto') else
            'declaration' if DECLARATION.match(code, start) else 'expression')
    here = Statement(kind, start, pos + 1)
    found.append(here)
    return here


def statements(code, item):
    """All statements of a function, outer before inner."""
    found = []
    statement(code, item.body, found)
    return found[1:]


def case_body(code, case):
    """(start, end) of what stands between a case and the next, or the end."""
    pos = start = skip_space(code, case.end)
    while True:
        next_label = re.compile(r'(?:case\b|default\s*:)').match(code, pos)
        if next_label and pos == start:  # one more label of the same case
            pos = start = skip_space(code, code.index(':', pos) + 1)
        elif next_label or code[pos] == '}':
            return start, pos
        else:
            pos = skip_space(code, statement(code, pos, []).end)
