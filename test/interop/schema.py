# SPDX-License-Identifier: MIT
"""JSON Schema (draft 7), as much of it as docs/events.schema.json uses, made
into functions: a million lines in a minute.  A keyword that is not known here
is an error, never passed over; see.py holds the verdicts against those of
python3-jsonschema."""
import re

ANNOTATIONS = {'$schema', 'title', 'description', 'definitions'}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_integer(value):
    return is_number(value) and value == int(value)


TYPES = {
    'object': lambda v: isinstance(v, dict),
    'array': lambda v: isinstance(v, list),
    'string': lambda v: isinstance(v, str),
    'boolean': lambda v: isinstance(v, bool),
    'number': is_number,
    'integer': is_integer,
}


def same(a, b):
    """As JSON has it: true is not 1."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


class Schema:
    """valid(value): does it fit?"""

    def __init__(self, root):
        self.root = root
        self.made = {}
        self.valid = self.make(root)

    def make(self, schema):
        tests = []
        for word, value in schema.items():
            if word in ANNOTATIONS:
                continue
            if word in ('then',):
                assert 'if' in schema, word
                continue
            tests.append(getattr(self, 'make_' + word.strip('$'))(value,
                                                                  schema))
        if len(tests) == 1:
            return tests[0]
        return lambda v: all(test(v) for test in tests)

    def make_ref(self, name, _):
        if name not in self.made:
            at = self.root
            for part in name.removeprefix('#/').split('/'):
                at = at[part]
            self.made[name] = self.make(at)
        return self.made[name]

    def make_type(self, name, _):
        return TYPES[name]

    def make_const(self, want, _):
        return lambda v: same(v, want)

    def make_enum(self, wants, _):
        assert all(isinstance(want, str) for want in wants)
        names = set(wants)
        return lambda v: isinstance(v, str) and v in names

    def make_minimum(self, least, _):
        return lambda v: not is_number(v) or v >= least

    def make_maximum(self, most, _):
        return lambda v: not is_number(v) or v <= most

    def make_minLength(self, least, _):
        return lambda v: not isinstance(v, str) or len(v) >= least

    def make_pattern(self, pattern, _):
        search = re.compile(pattern).search
        return lambda v: not isinstance(v, str) or search(v) is not None

    def make_minItems(self, least, _):
        return lambda v: not isinstance(v, list) or len(v) >= least

    def make_maxItems(self, most, _):
        return lambda v: not isinstance(v, list) or len(v) <= most

    def make_uniqueItems(self, unique, _):
        assert unique is True
        return lambda v: (not isinstance(v, list) or
                          len({repr(item) for item in v}) == len(v))

    def make_items(self, schema, _):
        test = self.make(schema)
        return lambda v: (not isinstance(v, list) or
                          all(test(item) for item in v))

    def make_required(self, names, _):
        wanted = frozenset(names)
        return lambda v: not isinstance(v, dict) or wanted <= v.keys()

    def make_properties(self, schemas, _):
        tests = {name: self.make(one) for name, one in schemas.items()}
        return lambda v: (not isinstance(v, dict) or
                          all(name not in tests or tests[name](value)
                              for name, value in v.items()))

    def make_additionalProperties(self, allowed, schema):
        assert allowed is False
        known = frozenset(schema['properties'])
        return lambda v: not isinstance(v, dict) or v.keys() <= known

    def make_propertyNames(self, schema, _):
        test = self.make(schema)
        return lambda v: (not isinstance(v, dict) or
                          all(test(name) for name in v))

    def make_not(self, schema, _):
        test = self.make(schema)
        return lambda v: not test(v)

    def make_allOf(self, schemas, _):
        tests = [self.make(one) for one in schemas]
        return lambda v: all(test(v) for test in tests)

    def make_if(self, condition, schema):
        test, then = self.make(condition), self.make(schema['then'])
        return lambda v: not test(v) or then(v)
