#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Commands for one running catenet run: many programs, one supervisor.

inside.py serve SOCKET		in it: begins what it is told to
inside.py SOCKET COMMAND...	outside: has a command run there, with our standard
				descriptors, and ends as it ends"""
import array
import json
import os
import signal
import socket
import subprocess
import sys
import threading


def kill(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def watch(asker, child):
    """Who asked is gone, or wants it to end: so does it."""
    try:
        while asker.recv(1):
            os.killpg(child.pid, signal.SIGTERM)
    except OSError:
        pass
    kill(child)


def one(asker):
    text, rights, _, _ = asker.recvmsg(1 << 17, socket.CMSG_SPACE(12))
    fds = array.array("i", rights[0][2])
    try:
        child = subprocess.Popen(
            json.loads(text), stdin=fds[0], stdout=fds[1], stderr=fds[2],
            start_new_session=True, cwd="/")
    except OSError as e:
        os.write(fds[2], f"{e}\n".encode())
        child = None
    for fd in fds:
        os.close(fd)
    if child:
        threading.Thread(target=watch, args=(asker, child),
                         daemon=True).start()
    code = child.wait() if child else 127
    try:
        asker.send(str(code).encode())
        asker.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def serve(name):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(name)
    listener.listen(64)
    while True:
        asker, _ = listener.accept()
        threading.Thread(target=one, args=(asker,), daemon=True).start()


def ask(name, command):
    there = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    there.connect(name)
    there.sendmsg([json.dumps(command).encode()], [
        (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
    signal.signal(signal.SIGTERM, lambda *_: there.send(b"t"))
    code = int(there.recv(16) or 1)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        ask(sys.argv[1], sys.argv[2:])
