#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts test cases in Meson's JSON logs and in TAP files.

A test that prints TAP (cmocka does, when asked) counts case by case; any other
counts as one. A test that failed without a failed case, or that printed fewer
cases than it planned, counts one failure more: a crash is never lost. Prints
what failed and why something was skipped, then "N passed, N failed, N skipped".

	count.py FILE... [--again LOG]
	count.py --repeat PREFIX LOG

LOG is of tests that failed in one of the files and were run again: what they
did the second time counts, and what failed the first time is told in lines
that begin with "again:". --repeat prints the names of the tests of PREFIX that
failed in LOG, unless they are more than REPEATED: that is no accident.
"""
import json
import os
import re
import sys

CASE = re.compile(r'^(not )?ok\b(?: (\d+))?(?: -)? ?(.*)$')
PLAN = re.compile(r'^1\.\.(\d+)')
REPEATED = 2


def tap_cases(text):
    """(outcome, name, reason) of each case, and how many were planned."""
    cases, planned, remark = [], 0, ''
    for line in text.splitlines():
        plan, case = PLAN.match(line), CASE.match(line)
        if plan:
            planned += int(plan[1])
        elif case and '# SKIP' in line.upper():
            # cmocka writes "not ok 3 # SKIP name": the remark above says why
            name, _, reason = re.sub(r'(?i)# skip', '\0', case[3]).partition('\0')
            if not name.strip():
                name, reason = reason, remark
            cases.append(('skipped', name.strip(), reason.strip() or remark))
        elif case:
            cases.append(('failed' if case[1] else 'passed', case[3].strip(), ''))
        elif line.startswith('# '):
            remark = line[2:]
            if cases and cases[-1][0] == 'failed':
                outcome, name, reason = cases[-1]
                # The end of a traceback is what says what went wrong.
                reason = (reason + '  ' + remark).strip()[-600:]
                cases[-1] = (outcome, name, reason)
    return cases, planned


def meson_cases(path):
    """Yields (test, outcome, case, reason) for each line of a JSON log."""
    with open(path, encoding='utf-8') as log:
        for line in log:
            entry = json.loads(line)
            test = entry['name'].split(' / ')[-1]
            out = entry.get('stdout') or ''
            result = entry['result']
            cases, planned = tap_cases(out)
            last = ([s for s in out.splitlines() if s.strip()] or [''])[-1]
            for outcome, name, reason in cases:
                yield test, outcome, name, reason
            if result == 'SKIP':
                if not cases:
                    yield test, 'skipped', '', last
            elif result not in ('OK', 'EXPECTEDFAIL'):
                if not any(c[0] == 'failed' for c in cases):
                    err = (entry.get('stderr') or '').strip()[-3000:]
                    yield test, 'failed', '', f'{result}: {last}\n{err}'
            elif not cases:
                yield test, 'passed', '', ''
            elif len(cases) < planned:
                yield (test, 'failed', '',
                       f'planned {planned} cases, ran {len(cases)}')


def all_cases(paths):
    for path in paths:
        if not os.path.exists(path):
            continue
        if path.endswith('.json'):
            yield from meson_cases(path)
        else:
            with open(path, encoding='utf-8') as tap:
                for outcome, name, reason in tap_cases(tap.read())[0]:
                    yield os.path.basename(path), outcome, name, reason


def told(test, outcome, name, reason):
    return f'{outcome}: {test} {name}'.rstrip() + (f': {reason}' if reason else '')


def judged(paths, again):
    """All cases, those of the tests in the log again as it has them, and what
    else is to be said."""
    second = list(all_cases([again] if again else []))
    ran = {test for test, *_ in second}
    first = list(all_cases(paths))
    remarks = [told(test, 'again', name, reason)
               for test, outcome, name, reason in first
               if test in ran and outcome == 'failed']
    return [case for case in first if case[0] not in ran] + second, remarks


def failed_tests(path, prefix):
    names = sorted({test for test, outcome, *_ in all_cases([path])
                    if outcome == 'failed' and test.startswith(prefix)})
    return names if len(names) <= REPEATED else []


def main(arguments):
    if arguments[:1] == ['--repeat']:
        prefix, path = arguments[1:]
        print(' '.join(failed_tests(path, prefix)))
        return 0
    again = None
    if '--again' in arguments:
        at = arguments.index('--again')
        again = arguments[at + 1]
        del arguments[at:at + 2]
    cases, remarks = judged(arguments, again)
    count = {'passed': 0, 'failed': 0, 'skipped': 0}
    for _, outcome, *_ in cases:
        count[outcome] += 1
    for kind in ('skipped', 'failed'):
        if kind == 'failed':
            print(''.join(line + '\n' for line in remarks), end='')
        for test, outcome, name, reason in cases:
            if outcome == kind:
                print(told(test, outcome, name, reason))
    print(', '.join(f'{count[k]} {k}' for k in ('passed', 'failed', 'skipped')))
    return 1 if count['failed'] or not count['passed'] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
