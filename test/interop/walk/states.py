# SPDX-License-Identifier: MIT
"""State by verb: what each call answers on a socket in each of TCP's states,
and what has become of the socket then. Nobody has a descriptor in SYN-RECEIVED
(but for Fast Open), and what is in TIME-WAIT is CLOSE to who has one, as in
Linux; of CLOSE there are several. The socket is b, its peer c."""

PAIR = ["socket a 4 tcp nb", "set a rcvbuf 4096", "bind a lo", "listen a 4",
        "socket b 4 tcp nb", "set b nodelay 1", "connect b @a",
        "accept a c nb"]
FULL = PAIR + ["fill b"]

STATES = {
    "CLOSE, new": ["socket a 4 tcp nb", "bind a lo", "listen a 4",
                   "socket b 4 tcp nb"],
    "CLOSE, bound": ["socket a 4 tcp nb", "bind a lo", "listen a 4",
                     "socket b 4 tcp nb", "bind b lo"],
    "CLOSE, refused": ["socket a 4 tcp nb", "bind a lo", "socket b 4 tcp nb",
                       "connect b @a", "listen a 4"],
    "CLOSE, reset": PAIR + ["set c linger 0", "close c"],
    "CLOSE, reset and read": PAIR + ["set c linger 0", "close c",
                                     "recv b 9 D"],
    "CLOSE, in TIME-WAIT": PAIR + ["shutdown b 1", "close c"],
    "CLOSE, disconnected": PAIR + ["connect b unspec@a"],
    "CLOSE, no listener now": ["socket a 4 tcp nb", "bind a lo", "listen a 4",
                               "socket b 4 tcp nb", "bind b lo", "listen b 4",
                               "shutdown b 0"],
    "LISTEN": ["socket a 4 tcp nb", "bind a lo", "listen a 4",
               "socket b 4 tcp nb", "bind b lo", "listen b 4"],
    "LISTEN, with one": ["socket a 4 tcp nb", "bind a lo", "listen a 4",
                         "socket b 4 tcp nb", "bind b lo", "listen b 4",
                         "socket c 4 tcp nb", "connect c @b"],
    "SYN_SENT": ["socket a 4 tcp nb", "bind a lo", "listen a 0",
                 "socket c 4 tcp nb", "connect c @a", "socket b 4 tcp nb",
                 "connect b @a"],
    "ESTABLISHED": PAIR,
    "ESTABLISHED, data": PAIR + ["send c 5"],
    "ESTABLISHED, urgent": PAIR + ["send c 5 O"],
    "ESTABLISHED, full": FULL,
    "ESTABLISHED, shut to read": PAIR + ["shutdown b 0"],
    "FIN_WAIT1": FULL + ["shutdown b 1"],
    "FIN_WAIT2": PAIR + ["shutdown b 1"],
    "FIN_WAIT2, data": PAIR + ["shutdown b 1", "send c 5"],
    "CLOSING": FULL + ["shutdown b 1", "shutdown c 1"],
    "CLOSE_WAIT": PAIR + ["shutdown c 1"],
    "CLOSE_WAIT, data": PAIR + ["send c 5", "shutdown c 1"],
    "LAST_ACK": FULL + ["shutdown c 1", "shutdown b 1"],
}

VERBS = [
    "bind b lo", "listen b 4", "accept b d nb", "connect b @a",
    "connect b short@a", "connect b unspec@a",
    "shutdown b 0", "shutdown b 1", "shutdown b 2", "shutdown b 3",
    "name b", "peer b", "send b 3 -", "send b 0 -", "send b 1 O",
    "sendto b 3 N @a", "recv b 9 -", "recv b 0 -", "recv b 9 P",
    "recv b 9 T", "recv b 1 O", "recvfrom b 9 D 128", "readv b 9",
    "select b", "get b error", "get b acceptconn", "get b reuse",
    "ioctl b inq", "ioctl b mark", "set b reuse 1", "set b nodelay 1",
    "set b maxseg 1000", "set b oobinline 1", "set b linger 0",
    "close b",
]
# Asked after each: what is there now, for b and its peer.
AFTER = ["info b", "poll b", "poll c", "recv c 1 OPD", "get b error"]


# A delayed ACK comes after 40 ms.
WAIT = "sleep 60"


def cells():
    """(state, verb, program, how many of its last answers count)"""
    for state, setup in STATES.items():
        for verb in VERBS:
            yield (state, verb, [*setup, WAIT, verb, WAIT, *AFTER],
                   2 + len(AFTER))
