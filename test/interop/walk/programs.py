# SPDX-License-Identifier: MIT
"""Programs of socket calls, made at random: a seed gives the same program on
every machine and for every Python. They are made with some sense, so that most
of what they ask of a socket is at least thinkable; what they say of its state
is only a guess."""
import random

NAMES = "abcdefgh"


class Dice:
    """Only random() is promised to stay as it is."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, n):
        return int(self.random() * n)

    def one(self, things):
        return things[self.below(len(things))]

    def chance(self, percent):
        return self.below(100) < percent

    def weighed(self, table):
        at = self.below(sum(weight for weight, _ in table))
        for weight, thing in table:
            at -= weight
            if at < 0:
                return thing


class Socket:
    def __init__(self, kind, family="4"):
        self.kind, self.family = kind, family
        self.listens = self.named = self.connected = False


class Walk:
    def __init__(self, seed):
        self.dice = Dice(seed)
        self.lines = []
        self.has = {}

    def say(self, *words):
        self.lines.append(" ".join(str(word) for word in words if word != ""))

    # ------------------------------------------------------ what there is --

    def free(self):
        names = [name for name in NAMES if name not in self.has]
        return names[0] if names else self.dice.one(NAMES)

    def pick(self, test=lambda socket: True, miss=2):
        """One for which test holds, as a rule."""
        fit = [name for name, socket in self.has.items() if test(socket)]
        if not fit or self.dice.chance(miss):
            fit = list(self.has) or ["a"]
        return self.dice.one(fit)

    def tcp(self):
        return self.pick(lambda socket: socket.kind == "tcp", 8)

    def live(self):
        return self.pick(lambda socket: socket.connected, 12)

    # ----------------------------------------------------------- preludes --

    def socket(self, kind="tcp", family="4", nb=None):
        name = self.free()
        nb = self.dice.chance(30) if nb is None else nb
        self.say("socket", name, family, kind, "nb" if nb else "b")
        self.has[name] = Socket(kind, family)
        return name

    def listener(self, family="4"):
        name = self.socket("tcp", family, False)
        where = "lo" if family == "4" else self.dice.one(["six", "any6"])
        if self.dice.chance(20):
            where = "any" if family == "4" else "any6"
        self.say("bind", name, where)
        self.say("listen", name, self.dice.one([1, 4, 4, 16]))
        self.has[name].named = self.has[name].listens = True
        return name

    def pair(self, family="4", close=None):
        listener = self.listener(family)
        client = self.socket("tcp", family, False)
        self.say("connect", client, "@" + listener)
        self.has[client].named = self.has[client].connected = True
        server = self.accept(listener, client)
        if self.dice.chance(75):
            for name in (client, server):
                self.say("set", name, "nodelay", 1)
        if close if close is not None else self.dice.chance(40):
            self.say("close", listener)
            del self.has[listener]
        return client, server

    def accept(self, listener, client=None):
        server = self.free()
        self.say("accept", listener, server,
                 "nb" if self.dice.chance(30) else "b")
        self.has[server] = Socket("tcp", self.has[listener].family)
        self.has[server].connected = self.has[server].named = True
        return server

    def epoll(self):
        name = self.free()
        self.say("epcreate", name)
        self.has[name] = Socket("ep")
        return name

    # -------------------------------------------------------------- steps --

    def address(self, family):
        dice = self.dice
        of = self.pick(lambda socket: socket.named)
        listening = self.pick(lambda socket: socket.listens)
        return dice.weighed([
            (50, "@" + listening), (12, "@" + of),
            (8, dice.one(["lo", "six", "map", "any"]) + "@" + listening),
            (4, dice.one(["lo2", "any6", "mapany"]) + "@" + listening),
            (6, "unspec@" + of), (2, "null"), (2, "short@" + of),
            (1, "tiny@" + of), (1, "long@" + of), (1, "huge@" + of),
            (1, "neg@" + of), (1, "unix@" + of)])

    def local(self, family):
        dice = self.dice
        of = self.pick(lambda socket: socket.named)
        own = ["lo", "any", "lo2"] if family == "4" else ["six", "any6", "map"]
        return dice.weighed([
            (40, dice.one(own)), (20, dice.one(own) + "@" + of),
            (6, "@" + of), (3, dice.one(["lo", "any", "six", "any6", "map"])),
            (2, "far"), (1, "far6"), (1, "bcast"), (1, "group"),
            (2, "null"), (2, "short@" + of), (1, "long@" + of),
            (1, "huge@" + of), (1, "neg@" + of), (1, "unix@" + of),
            (1, "unspec@" + of), (1, "tiny@" + of)])

    def flags(self, table):
        flags = "".join(letter for percent, letter in table
                        if self.dice.chance(percent))
        return flags or "-"

    def length(self):
        return self.dice.weighed([
            (50, 1 + self.dice.below(12)), (10, 0), (10, 1),
            (10, 100), (5, 1000), (3, 3000)])

    def s_socket(self):
        kind = self.dice.weighed([(80, "tcp"), (20, "udp")])
        family = self.dice.weighed([(70, "4"), (30, "6")])
        if self.dice.chance(4):
            self.say("socket", self.free(), self.dice.one([family, "0", "99"]),
                     self.dice.one(["tcp", "udp", "odd"]), "b",
                     self.dice.one([0, 6, 17, 99, 132]))
        else:
            self.socket(kind, family)

    def s_dup(self):
        name, to = self.pick(), self.free()
        self.say("dup", name, to)
        if name in self.has:
            self.has[to] = self.has[name]

    def s_close(self):
        name = self.pick()
        self.say("close", name)
        if not self.dice.chance(5):
            self.has.pop(name, None)

    def s_bind(self):
        name = self.pick(lambda socket: socket.kind in ("tcp", "udp")
                         and not socket.named, 20)
        socket = self.has.get(name)
        family = socket.family if socket else "4"
        self.say("bind", name, self.local(family))
        if socket:
            socket.named = True

    def s_listen(self):
        name = self.pick(lambda socket: socket.kind == "tcp"
                         and not socket.connected, 15)
        self.say("listen", name, self.dice.weighed(
            [(20, 1), (60, 4), (3, 0), (2, -1)]))
        if name in self.has:
            self.has[name].listens = self.has[name].named = True

    def s_accept(self):
        listener = self.pick(lambda socket: socket.listens, 8)
        if listener not in self.has:
            return
        if self.dice.chance(15):
            self.say("accept", listener, self.free(),
                     self.dice.one(["nb", "b", "bad"]),
                     self.dice.one(["null", 0, 4, 16, 28, 128, -1]))
            return
        self.accept(listener)

    def s_connect(self):
        name = self.pick(lambda socket: socket.kind in ("tcp", "udp")
                         and not socket.connected and not socket.listens, 20)
        socket = self.has.get(name)
        self.say("connect", name, self.address("4"))
        if socket:
            socket.connected = socket.named = True

    def s_fresh_connect(self):
        listener = self.pick(lambda socket: socket.listens)
        family = self.has[listener].family if listener in self.has else "4"
        name = self.socket("tcp", family)
        self.say("connect", name, "@" + listener)
        self.has[name].connected = self.has[name].named = True

    def s_shutdown(self):
        self.say("shutdown", self.live(), self.dice.weighed(
            [(10, 0), (20, 1), (12, 2), (1, 3), (1, -1)]))

    def s_reset(self):
        name = self.live()
        self.say("set", name, "linger", 0)
        self.say("close", name)
        self.has.pop(name, None)

    def s_name(self):
        name = self.pick()
        self.say(self.dice.one(["name", "peer"]), name,
                 "" if self.dice.chance(90) else
                 self.dice.one([0, 2, 8, 16, 28, -1]))

    def s_send(self):
        name = self.live()
        flags = self.flags([(20, "D"), (15, "N"), (3, "M"), (6, "O"),
                            (1, "R"), (1, "E"), (1, "P"), (1, "W")])
        verb = self.dice.weighed([(70, "send"), (8, "writev"),
                                  (10, "sendmsg"), (8, "sendto")])
        if verb == "writev":
            self.say(verb, name, self.length())
        elif verb == "sendto" or verb == "sendmsg" and self.dice.chance(15):
            self.say(verb, name, self.length(), flags, self.address("4"))
        else:
            self.say(verb, name, self.length(), flags)

    def s_recv(self):
        name = self.live()
        flags = self.flags([(80, "D"), (12, "P"), (8, "W"), (8, "O"),
                            (6, "T"), (2, "E")])
        verb = self.dice.weighed([(70, "recv"), (8, "readv"),
                                  (10, "recvmsg"), (8, "recvfrom")])
        length = self.dice.weighed([(60, 100), (20, 1 + self.dice.below(8)),
                                    (5, 0), (5, 5000)])
        if verb == "readv":
            if self.dice.chance(50):
                self.say("fcntl", name, "nb")
            self.say(verb, name, length)
        else:
            self.say(verb, name, length, flags, self.dice.one(
                ["", "", 128, 0, 8]) if verb != "recv" else "")

    def s_poll(self):
        name = self.pick()
        if self.dice.chance(10):
            self.say("select", name)
            return
        mask = "" if self.dice.chance(70) else "".join(
            letter for letter in "iopreh" if self.dice.chance(35))
        self.say("poll", name, mask or "ioprehIOb")

    def s_epctl(self):
        epolls = [name for name, socket in self.has.items()
                  if socket.kind == "ep"]
        if not epolls:
            self.epoll()
            return
        events = "".join(letter for letter in "iopr" if self.dice.chance(60))
        events += self.dice.weighed([(50, ""), (35, "E"), (15, "1"),
                                     (5, "E1")])
        self.say("epctl", self.dice.one(epolls) if self.dice.chance(96)
                 else self.pick(),
                 self.dice.weighed([(60, "add"), (30, "mod"), (10, "del"),
                                    (1, "odd")]),
                 self.pick(), events or "i")

    def s_epwait(self):
        epolls = [name for name, socket in self.has.items()
                  if socket.kind == "ep"]
        if epolls:
            self.say("epwait", self.dice.one(epolls),
                     8 if self.dice.chance(97) else self.dice.one([0, -1]))

    def s_set(self):
        name = self.tcp()
        option, value = self.dice.weighed([
            (6, ("reuse", self.dice.one([0, 1, 7]))),
            (3, ("reuseport", self.dice.one([0, 1]))),
            (4, ("keepalive", self.dice.one([0, 1, 5]))),
            (6, ("oobinline", self.dice.one([0, 1, 1]))),
            (3, ("broadcast", 1)),
            (4, ("lowat", self.dice.one([0, 1, 5]))),
            (2, ("sndlowat", 5)),
            (6, ("linger", self.dice.one(["0", "0", "off"]))),
            (2, ("type", 1)), (2, ("error", 1)), (1, ("acceptconn", 1)),
            (1, ("badsock", 1)), (4, ("nodelay", self.dice.one([0, 1]))),
            (3, ("cork", self.dice.one([0, 1, 0]))),
            (4, ("maxseg", self.dice.one([0, 87, 88, 1000, 32768, -1]))),
            (3, ("keepidle", self.dice.one([0, 1, 100, 32767, 32768]))),
            (3, ("keepintvl", self.dice.one([0, 1, 100, 32767, 32768]))),
            (3, ("keepcnt", self.dice.one([0, 1, 127, 128]))),
            (3, ("usertimeout", self.dice.one([0, 5000, -1]))),
            (3, ("syncnt", self.dice.one([0, 1, 127, 128]))),
            (3, ("linger2", self.dice.one([-1, 0, 5, 60, 1000]))),
            (1, ("clamp", self.dice.one([0, 1, 20000]))),
            (2, ("notsent", self.dice.one([0, 100, -1]))),
            (2, ("congestion", self.dice.one(["reno", "cubic", "none"]))),
            (1, ("badtcp", 1)), (3, ("ttl", self.dice.one(
                [-1, 0, 1, 64, 255, 256]))),
            (3, ("tos", self.dice.one([0, 3, 16, 255, 256, -1]))),
            (1, ("pktinfo", 1)), (1, ("badip", 1)),
            (3, ("v6only", self.dice.one([0, 1]))),
            (2, ("hops", self.dice.one([-2, -1, 0, 64, 256]))),
            (2, ("tclass", self.dice.one([-1, 0, 255, 256]))),
            (1, ("badip6", 1)), (1, ("badlevel", 1)),
            (2, ("sndbuf", self.dice.one([0, 4096, 20000]))),
            (2, ("rcvbuf", self.dice.one([0, 4096, 20000])))])
        self.say("set", name, option, value, "" if self.dice.chance(92)
                 else self.dice.one([0, 1, 2, 3, 4, 8, 16, -1]))
        if self.dice.chance(50):
            self.say("get", name, option)

    def s_get(self):
        name = self.pick()
        self.say("get", name, self.dice.one(
            ["error"] * 6 + ["type", "acceptconn", "acceptconn", "domain",
             "protocol", "reuse", "reuseport", "keepalive", "oobinline",
             "broadcast", "lowat", "sndlowat", "linger", "nodelay", "cork",
             "keepidle", "keepintvl", "keepcnt", "usertimeout", "syncnt",
             "linger2", "defer", "ttl", "tos", "v6only", "hops", "tclass",
             "badsock", "badtcp", "badip", "badip6", "badlevel", "priority",
             "notsent"]),
            "" if self.dice.chance(85) else
            self.dice.one([0, 1, 2, 3, 8, 16, -1]))

    def s_info(self):
        self.say("info", self.tcp())

    def s_ioctl(self):
        self.say("ioctl", self.pick(), self.dice.weighed(
            [(20, "inq"), (10, "outq"), (4, "unsent"), (12, "mark"),
             (5, "nb0"), (8, "nb1"), (2, "bad"), (1, "tty")]))

    def s_fcntl(self):
        self.say("fcntl", self.pick(), self.dice.one(
            ["getfl", "getfd", "nb", "nb", "block"]))

    def s_urgent(self):
        self.say("send", self.live(), 1 + self.dice.below(3), "O")

    STEPS = [(4, s_socket), (4, s_dup), (7, s_close), (5, s_bind),
             (4, s_listen), (7, s_accept), (8, s_connect),
             (4, s_fresh_connect), (12, s_shutdown), (4, s_reset), (5, s_name),
             (24, s_send), (24, s_recv), (20, s_poll), (3, s_epctl),
             (4, s_epwait), (10, s_set), (10, s_get), (6, s_info),
             (9, s_ioctl), (3, s_fcntl), (3, s_urgent)]
    EPOLL = [(14, s_epctl), (30, s_epwait)]

    def begin(self):
        """What most programs have before they do odd things."""
        dice = self.dice
        how = dice.weighed([(45, "pair"), (12, "six"), (8, "dual"),
                            (12, "listener"), (13, "none"), (6, "udp"),
                            (12, "epoll")])
        if how == "pair" or how == "epoll":
            self.pair()
        elif how == "six":
            self.pair("6")
        elif how == "dual":
            listener = self.socket("tcp", "6", False)
            self.say("bind", listener, "any6")
            self.say("listen", listener, 4)
            self.has[listener].named = self.has[listener].listens = True
            client = self.socket("tcp", dice.one("46"))
            self.say("connect", client, dice.one(
                ["lo@", "map@", "six@", "@"]) + listener)
            self.has[client].named = self.has[client].connected = True
            self.accept(listener)
        elif how == "listener":
            self.listener()
        elif how == "udp":
            first = self.socket("udp")
            self.say("bind", first, "lo")
            self.has[first].named = self.has[first].connected = True
            second = self.socket("udp")
            self.say("connect", second, "@" + first)
            self.has[second].named = self.has[second].connected = True
        if how == "epoll":
            epoll = self.epoll()
            for name in list(self.has):
                if self.has[name].kind == "tcp":
                    self.say("epctl", epoll, "add", name, "".join(
                        letter for letter in "iopr"
                        if dice.chance(80)) + dice.one(["", "E", "E", "1"]))
        return self.EPOLL if how == "epoll" else []

    def program(self):
        steps = self.STEPS + self.begin()
        if not self.has:
            self.socket()
        for _ in range(4 + self.dice.below(26)):
            self.dice.weighed(steps)(self)
        return self.lines


def program(seed):
    return Walk(seed).program()
