# SPDX-License-Identifier: MIT
"""A shell's job in the background ignores SIGINT and SIGQUIT, nohup's SIGHUP,
and so does whatever they start. The programs of a test shall not."""
import signal

DEFAULT = {signal.SIGINT: signal.default_int_handler,
           signal.SIGQUIT: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}


def heed():
    for number, handler in DEFAULT.items():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
