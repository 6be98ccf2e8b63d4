#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cases.py MODULE REPORT [SKIP [ONLY...]]: the cases of one module of unittest
in this process. A line of JSON for each that begins and each that ends goes to
REPORT, so that whoever looks after us knows where we hang; the cases that the
file SKIP names are left out."""
import importlib
import json
import os
import sys
import unittest

MODULE, REPORT = sys.argv[1:3]
LEAVE = set(open(sys.argv[3]).read().split()) if len(sys.argv) > 3 else set()
ONLY = set(sys.argv[4:])
report = os.open(REPORT, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
us = os.getpid()


def tell(*what):
    if os.getpid() == us:  # not the children that a case leaves running
        os.write(report, (json.dumps(what) + "\n").encode())


class Result(unittest.TextTestResult):
    """The worst that was said of a case counts; what a fixture of a class or
    module says is told under the fixture's name."""

    def startTest(self, test):
        super().startTest(test)
        self.said = None
        tell("begin", test.id())

    def note(self, test, word, why=""):
        if self.said is None or word == "failed":
            self.said = (word, why)
        if not isinstance(test, unittest.TestCase) and \
                not hasattr(test, "test_case"):
            tell("end", str(test), word, why)

    def stopTest(self, test):
        tell("end", test.id(), *(self.said or ("failed", "said nothing")))
        self.said = None
        super().stopTest(test)

    @staticmethod
    def text(err):
        import traceback
        return "".join(traceback.format_exception(*err))[-2500:]

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "passed")

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "failed", self.text(err))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failed", self.text(err))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, "failed", self.text(err))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.note(test, "passed", "failed, as is expected")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "failed", "passed against expectation")


def flat(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        elif test.id() not in LEAVE and (not ONLY or test.id() in ONLY):
            yield test


def main():
    from test import support
    # Not the real network, nor files of gigabytes.  test_socketserver calls
    # loopback the network.
    support.use_resources = ["cpu", "walltime", "subprocess"]
    if MODULE == "test.test_socketserver":
        support.use_resources.append("network")
    module = importlib.import_module(MODULE)
    cases = unittest.TestSuite(
        flat(unittest.defaultTestLoader.loadTestsFromModule(module)))
    unittest.TextTestRunner(sys.stdout, resultclass=Result,
                            verbosity=2).run(cases)
    tell("done")
    sys.stdout.flush()
    os._exit(0)  # threads that a case has lost do not keep us


main()
