# SPDX-License-Identifier: MIT
"""Differences that are known: each with its reason. A rule looks at one step
(the program up to it, what the kernel said, what the other side said) and
names what docs/limits.md says of it. What follows some of them can no longer
be compared: their reasons begin with "!"."""

SENDS = ("send", "sendto", "sendmsg", "writev")
RECVS = ("recv", "recvfrom", "recvmsg", "readv")
WAITS = ("poll", "select", "epwait")


class Step:
    def __init__(self, lines, i, native, other):
        self.words = lines[i].split()
        self.verb = self.words[0]
        self.native, self.other = native[i], other[i]
        self.before = [(line.split(), answer or "")
                       for line, answer in zip(lines[:i], native[:i])]

    def word(self, i):
        return self.words[i] if i < len(self.words) else ""

    def errors(self, native, other):
        return self.native.split()[0] == native and (
            self.other.split()[0] == other)

    def lost(self, bits):
        """Only these are missing here."""
        return self.bits(self.native) - self.bits(self.other) == bits and (
            self.bits(self.other) <= self.bits(self.native))

    def told(self, bits):
        """Only these are said too much."""
        return bool(self.more() & bits) and not (
            (self.more() ^ (self.bits(self.native)
                            - self.bits(self.other))) - bits)

    def more(self):
        return self.bits(self.other) - self.bits(self.native)

    @staticmethod
    def bits(text):
        return set(text.replace(" ", "|").split("|"))

    def said(self, test):
        """Did an earlier call go like that?"""
        return any(test(words, answer) for words, answer in self.before)

    def did(self, *begin):
        return self.said(lambda words, answer: words[0] in begin)

    def listens(self):
        return self.said(lambda words, answer: words[0] == "listen"
                         and answer == "0")

    def passes(self):
        """Of catenet run: a call of which the supervisor is not told."""
        if self.verb in SENDS:
            return "M" not in self.word(3) and not (
                self.verb == "sendto" and len(self.words) > 4)
        return self.verb != "recvfrom" and "T" not in self.word(3)

    def urgent(self):
        return self.said(lambda words, answer: words[0] in SENDS
                         and len(words) > 3 and "O" in words[3])

    def shut_listener(self):
        shut = [words[1] for words, answer in self.before
                if words[0] == "shutdown" and answer == "ENOTCONN"]
        return self.said(lambda words, answer: words[0] == "listen"
                         and answer == "0" and words[1] in shut)

    def urgents(self):
        return sum(words[0] in SENDS and len(words) > 3 and "O" in words[3]
                   for words, _ in self.before)

    def kind(self, name):
        """What the descriptor is: tcp, udp, ep."""
        for words, answer in reversed(self.before):
            if not answer.startswith("ok"):
                continue
            if words[0] == "dup" and words[2] == name:
                name = words[1]
            elif words[0] == "socket" and words[1] == name:
                return words[3]
            elif words[0] == "accept" and words[2] == name:
                return "tcp"
            elif words[0] == "epcreate" and words[1] == name:
                return "ep"
        return None


def of_both(step):
    if step.verb == "get" and step.word(2) == "maxseg":
        return "TCP_MAXSEG over loopback"
    if step.verb == "get" and step.word(2) == "congestion":
        return "the machine's own congestion control"
    if step.word(2) == "hops" and step.said(
            lambda words, answer: words[0] == "set" and words[2] == "hops"
            and words[3] == "0") or step.words[2:4] == ["hops", "0"]:
        return "IPV6_UNICAST_HOPS 0 is refused"
    if step.verb == "ioctl" and step.word(2) in ("outq", "unsent") and (
            step.other == "0 0"):
        return "SIOCOUTQ of a connection that is no more"
    return None


def of_linked(step):
    if step.word(2) == "clamp":
        return "TCP_WINDOW_CLAMP that was not set"
    if step.other == "ENOPROTOOPT" and step.kind(step.word(1)) == "udp" and (
            step.verb in ("get", "set")):
        return "option that docs/sockets.md says is refused"
    if step.verb in SENDS and "M" in step.word(3) and (
            step.errors(step.native.split()[0], "EOPNOTSUPP")):
        return "!MSG_MORE of datagrams is refused"
    if step.verb in SENDS and step.kind(step.word(1)) == "udp" and (
            step.other == "EINVAL"):
        return "!a datagram socket that is connected to port 0"
    if step.verb in RECVS + ("ioctl",) and step.urgent() and step.said(
            lambda words, answer: words[0] == "set"
            and words[2] == "oobinline"):
        return "!SO_OOBINLINE set while an urgent octet waits"
    if step.verb in RECVS + ("ioctl",) + WAITS and step.urgents() > 1:
        return "!an urgent octet after one that is unread"
    if step.verb == "bind" and step.errors("EADDRINUSE", "0") and step.said(
            lambda words, answer: words[0] == "socket" and words[2] == "6"):
        return "!the port of a connection over IPv6, bound for IPv4"
    if step.verb in ("connect", "shutdown") and step.other == "0" and (
            step.native in ("ECONNABORTED", "ENOTCONN")):
        return "!a socket that was shut connects to itself"
    if step.verb == "get" and step.word(2) == "priority":
        return "SO_PRIORITY by IP_TOS"
    if step.verb == "get" and step.word(2) in ("sndbuf", "rcvbuf"):
        return "a buffer that tunes itself"
    if step.shut_listener():
        return "!a listener that was shut before it listened"
    if step.verb in ("name", "peer") and step.said(
            lambda words, answer: words[0] == "bind" and answer != "0"):
        return "the name after a bind that failed"
    if step.verb == "ioctl" and step.kind(step.word(1)) == "ep" and (
            step.errors("EINVAL", "ENOTTY")):
        return "ioctl of an epoll instance says EINVAL since Linux 6.9"
    if step.verb == "set" and step.other == "ENOPROTOOPT":
        return "option that docs/sockets.md says is refused"
    if step.verb in WAITS and step.urgent() and step.did("shutdown") and (
            step.verb != "poll" or step.lost({"PRI"})):
        return "urgent data to a socket that is shut both ways"
    return None


def of_run(step):
    send, recv = step.verb in SENDS, step.verb in RECVS
    if send and len(step.words) > 4 and step.verb == "sendmsg":
        return "!sendmsg with an address"
    if send and step.passes() and step.errors("ECONNRESET", "EPIPE"):
        return "send after a reset says EPIPE at once"
    if send and step.passes() and step.native.split()[0] in (
            "EPIPE", "ECONNREFUSED", "ECONNRESET") and (
                step.other.split()[0] in ("ENOTCONN", "EPIPE")):
        return "send on a socket that is not connected"
    if (send or recv) and step.listens() and (
            step.native.split()[0] in ("EPIPE", "ENOTCONN")):
        return "!recv or send on a listener"
    if recv and step.passes() and step.native.split()[0] in (
            "ENOTCONN", "ECONNREFUSED", "0") and (
                step.other.split()[0] in ("EINVAL", "ECONNRESET")):
        return "recv on a socket that is not connected"
    if (recv and step.errors("0", "ECONNRESET")
            or step.verb in WAITS and step.told({"ERR"})) and step.said(
                lambda words, answer: words[0] in SENDS and answer.split()[0]
                in ("ECONNRESET", "EPIPE", "ECONNREFUSED")):
        return "an error that send has told"
    if recv and step.passes() and step.errors("ECONNRESET", "EINVAL") and (
            step.said(lambda words, answer: words[0] == "connect"
                      and words[2].startswith("unspec"))):
        return "recv on a socket that is not connected"
    if recv and step.native[0].isdigit() and step.other[0] == "0" and step.said(
            lambda words, answer: words[0] == "shutdown"
            and words[2] in "02" and answer == "0"):
        return "!octets that come after shutdown(SHUT_RD)"
    if step.verb == "recvmsg" and "family 1" in step.other:
        return "recvmsg tells an AF_UNIX address"
    if step.verb == "bind" and step.word(2) in ("group", "bcast"):
        return "!bind to a broadcast or multicast address"
    if step.verb in WAITS and step.did("dup") and step.said(
            lambda words, answer: words[0] == "connect"
            and (words[2].startswith("unspec") or answer == "ECONNREFUSED")):
        return "!copies of a socket whose connect failed"
    if step.verb == "bind" and step.native != "0" and (
            step.other in ("EINVAL", "EADDRNOTAVAIL")):
        return "a wrong address for a socket that is bound"
    if step.verb == "ioctl" and step.listens() and step.word(2) in (
            "inq", "outq", "unsent"):
        return "FIONREAD of a listener"
    if recv and step.native.startswith("0") and step.words[2] == "0" and (
            step.other.startswith("EAGAIN")):
        return "a blocking recv of no octets"
    if recv and step.native.startswith("0") and step.did("shutdown") and (
            step.other.split()[0] in ("ENOTCONN", "EINVAL")):
        return "shutdown of a socket that was never connected"
    if step.verb == "recvmsg" and "T" in step.word(3):
        return "!recvmsg with MSG_TRUNC copies"
    if step.verb == "get" and step.word(2) == "error" and (
            step.other in ("EPIPE", "ECONNRESET", "ECONNREFUSED")
            and step.native == "none" and step.said(
                lambda words, answer: words[0] in SENDS
                and answer.split()[0] == step.other)):
        return "an error that send has told"
    if step.did("dup") and step.other in ("EOPNOTSUPP", "EINVAL") and (
            step.did("connect")):
        return "!copies of a socket whose connect failed"
    if step.verb in ("name", "bind", "sendto", "connect") and step.said(
            lambda words, answer: words[0] == "connect"
            and answer.startswith(("ECONN", "EINPROGRESS"))):
        return "!the name of a socket whose connect failed"
    if step.verb == "connect" and step.errors("ECONNREFUSED", "0"):
        return "!a port that bind chose stays after shutdown of a listener"
    if step.verb == "bind" and step.errors("0", "EINVAL"):
        return "!bind of a socket whose connection is over"
    if send and step.native == "EINVAL" and "@" in step.words[-1]:
        return "a wrong address for a socket that is not connected"
    if step.verb == "epwait" and step.did("epctl") and step.said(
            lambda words, answer: words[0] == "epctl" and "E" in words[4]):
        return "!edges that AF_UNIX tells besides"
    if send and "O" in step.word(3) and step.other == "EOPNOTSUPP":
        return "MSG_OOB without an octet"
    if (recv or step.verb == "ioctl" or step.verb in WAITS) and step.urgent():
        return "!unread urgent octets"
    if step.verb == "poll":
        return of_run_poll(step)
    if step.verb == "epwait" and step.lost({"ERR"}):
        return "poll after FIN and reset says no ERR"
    return None


def of_run_poll(step):
    if step.told({"IN", "rdnorm", "RDHUP"}):
        return "poll of a listener or a connect that was shut down"
    if step.did("shutdown") and step.bits(step.native) - step.bits(
            step.other) <= {"IN", "rdnorm", "RDHUP"} and not step.more():
        return "shutdown of a socket that was never connected"
    if step.lost({"ERR"}):
        return "poll after FIN and reset says no ERR"
    return None


RULES = {"linked": [of_both, of_linked], "run": [of_both, of_run]}


def reason(side, lines, i, native, other):
    step = Step(lines, i, native, other)
    for rule in RULES[side]:
        why = rule(step)
        if why:
            return why
    return None
