#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the command line says to wrong words, and its exit codes."""
import json
import os
import subprocess
import tempfile

from harness import CATENET, PYTHON, Skip, case, main

EXCHANGE = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
server.sendall(b"x")
client.recv(1)
print("said")
"""


def catenet(*words, **more):
    done = subprocess.run([os.path.abspath(CATENET), *words],
                          capture_output=True, text=True, timeout=30, **more)
    return done.returncode, done.stdout, done.stderr


def wrong(needle, *words):
    code, out, err = catenet(*words)
    assert code == 125, (words, code, err)
    assert needle in err, (words, err)
    assert not out, (words, out)


@case
def bad_values():
    """a wrong value: exit 125, and a line that says what would be right"""
    wrong('50ms', 'run', '--delay', '50', '--', 'true')
    wrong('50ms', 'run', '--delay', '-5ms', '--', 'true')
    wrong('1%', 'run', '--loss', '1', '--', 'true')
    wrong('more than 100%', 'run', '--loss', '101%', '--', 'true')
    wrong('10mbit', 'run', '--rate', 'fast', '--', 'true')
    wrong('10mbit', 'run', '--rate', '10', '--', 'true')
    wrong('too small', 'run', '--mtu', '67', '--', 'true')
    wrong('HOSTPORT:PORT', 'run', '-p', '80', '--', 'true')
    wrong('cubic', 'run', '--cc', 'vegas', '--', 'true')
    wrong('up', 'run', '--drop', 'sideways syn', '--', 'true')
    wrong('delay', 'run', '--up', 'slowness 3', '--', 'true')
    wrong('value', 'run', '--up', 'loss', '--', 'true')
    wrong('no such host', 'run', '--only', 'no.such.host.invalid', '--', 'true')
    wrong('--addr', 'run', '--tun', 'cat7', '--', 'true')
    wrong('--tun', 'run', '--addr', '10.0.0.1/24', '--', 'true')
    wrong('uniform', 'run', '--jitter', '5ms,round', '--', 'true')
    wrong('lists them', 'run', '--net', '--', 'true')


@case
def options_behind_words():
    """explain, ss and why take options behind their words, too"""
    assert catenet('explain', 'refused', '--json') == \
        catenet('explain', '--json', 'refused')
    code, out, err = catenet('ss', '1', '-tan')
    assert code == 0 and not err.startswith('catenet ss: exp'), (code, err)
    wrong('en and zh', 'why', '1', '--lang', 'tlh')


@case
def good_values():
    """units in netem's words are taken"""
    for words in (['--delay', '0'], ['--delay', '1.5ms'], ['--rtt', '10us'],
                  ['--rate', '1.5gbit'], ['--rate', '64kbps'],
                  ['--queue', '100', '--rate', '1mbit'],
                  ['--queue', '64kb', '--up', 'rate 1mbit'],
                  ['--events', '/dev/null', '--pcapng', '/dev/null'],
                  ['--jitter', '1ms,pareto,ordered', '--delay', '2ms'],
                  ['--burst-loss', '1%,20%,100%,0%'],
                  ['--reorder', '5%,10ms'], ['--seed', 'anything'],
                  ['--up', 'delay 1ms loss 1% rate 1mbit'],
                  ['--down', 'rtt=2ms'], ['--sndbuf', '64k'],
                  ['--drop', 'up syn #1; down fin']):
        code, _, err = catenet('run', '-q', *words, '--', 'true')
        assert code == 0, (words, err)


@case
def words_that_do_nothing():
    """options that could change nothing, or exclude each other, are refused"""
    for needle, words in (
            ('--tun NAME', ['--via', '10.0.0.1']),
            ('write a name', ['--tun', '', '--addr', '10.0.0.1/24']),
            ('may have', ['--tun', 'cat7', '--addr', '127.0.0.1/8']),
            ('needs --max-per-client', ['--client-prefix', '64']),
            ('say one', ['--rmem', '1mb', '--rcvbuf', '64kb']),
            ('say one', ['--wmem', '1mb', '--sndbuf', '64kb']),
            ('this machine', ['--dns', '192.0.2.9', '--no-namespace']),
            ('--queue needs', ['--queue', '5']),
            ('--mark needs', ['--delay', '5ms', '--mark', '5']),
            ('nothing is impaired', ['--only', '127.0.0.1']),
            ('nothing is impaired', ['--impair-loopback']),
            ('no word', ['--up', '']), ('no rule', ['--drop', ' ; ']),
            ('HOST:PORT', ['--only', '[::1]x', '--delay', '1ms']),
            ('regular', ['--trace', '/dev/null']),
            ('too large; from 576', ['--mtu', '9' * 30]),
            ('not with --world', ['--world', 'w', '--tun', 'cat7'])):
        wrong(needle, 'run', *words, '--', 'true')


@case
def one_file_for_two():
    """two outputs in one file, or a file without a name"""
    with tempfile.TemporaryDirectory() as folder:
        here = os.path.join(folder, 'x')
        for command, rest in (('run', ['--', 'true']),
                              ('world', ['lab', '--host', 'alice']),
                              ('sim', ['--rtt', '1ms', '--bytes', '1kb'])):
            begin = rest if command == 'world' else []
            end = [] if command == 'world' else rest
            wrong('another file', command, *begin, '--events', here,
                  '--pcapng', here, *end)
            wrong('missing', command, *begin, '--pcapng', '', *end)
        assert not os.listdir(folder)
        with open(here, 'w', encoding='ascii'):
            wrong('another file', 'run', '--events', here, '--summary',
                  folder + '/./x', '--', 'true')
    wrong('one thing', 'world', 'lab', '--host', 'alice', '--events', '-',
          '--pcapng', '-')
    wrong('one thing', 'run', '--events', '-', '--summary', '-', '--', 'true')


@case
def summary_on_standard_output():
    """--summary -: alone there, and no file of that name"""
    with tempfile.TemporaryDirectory() as folder:
        code, out, err = catenet('run', '-q', '--summary', '-', '--', PYTHON,
                                 '-c', EXCHANGE, cwd=folder)
        assert code == 0 and not os.listdir(folder), (code, err)
    assert json.loads(out)['connections'] and 'said' in err, (out, err)


@case
def named_paths():
    """--net: listed without a name, changed by the other options"""
    code, listed, err = catenet('run', '--net')
    assert code == 0 and not err
    assert catenet('run', '--net', 'list')[1] == listed
    assert catenet('run', '--delay', '1ms', '--net')[1] == listed
    names = [line.split(':')[0] for line in listed.splitlines()
             if line and line[0] != ' ']
    assert len(names) >= 8 and 'satellite' in names
    for name in names:
        code, _, err = catenet('run', '-q', '--net', name, '--', 'true')
        assert code == 0, (name, err)
    wrong('--net lists them', 'run', '--net', 'moon', '--', 'true')
    # The program's own word.
    code, out, _ = catenet('run', '-q', '--', 'echo', '--net')
    assert code == 0 and out == '--net\n'


@case
def named_path_changed():
    """what stands before --net or after it replaces that single value"""
    script = ("import socket,time; l=socket.create_server(('127.0.0.1',0));"
              "a=time.monotonic();"
              "socket.create_connection(l.getsockname());"
              "print(time.monotonic()-a)")
    took = []
    for words in (['--delay', '200ms', '--net', 'lte'],
                  ['--net', 'lte', '--delay', '200ms']):
        code, out, err = catenet('run', '-q', '--impair-loopback', *words,
                                 '--', 'python3', '-c', script)
        assert code == 0, err
        took.append(float(out))
    # Never less than the path allows; how much more is the machine's.
    assert min(took) >= 0.4, took


@case
def no_option():
    """an unknown option, no program, no command: exit 125"""
    wrong('unrecognized', 'run', '--no-such', '--', 'true')
    wrong('no program', 'run', '--delay', '1ms')
    wrong("Try 'catenet run --help'.", 'run', '--usage')
    wrong("Try 'catenet ss --help'.", 'ss', '-z')
    wrong('ambiguous', 'run', '--d', '5ms', '--', 'true')
    wrong('there is no command', 'walk')
    wrong('are needed', 'services')
    wrong('without a name', 'explain', 'nothing')
    wrong('say one', 'explain', '--json', '--svg', 'ladder', 'handshake')
    wrong('need a situation', 'explain', '--json')
    wrong('leave it out', 'explain', '--width', '80', '--json', 'handshake')
    wrong('from 60 to 1000', 'explain', '--width', '5', 'handshake')
    wrong('expected are', 'ss', '9' * 20)
    wrong('may have', 'services', '--tun', 'cat7', '--addr', '224.0.0.1/8')
    wrong('one address', 'services', '--tun', 'cat7', '--addr', '10.9.0.2/24',
          '--via', '10.9.0.2/24')
    wrong('from 576 to', 'services', '--tun', 'cat7', '--mtu', '5')
    code, _, err = catenet()
    assert code == 125 and 'Usage' in err


@case
def programs():
    """the program's own exit codes, 126 and 127"""
    assert catenet('run', '-q', '--', 'sh', '-c', 'exit 7')[0] == 7
    assert catenet('run', '-q', '--', 'sh', '-c', 'kill -9 $$')[0] == 137
    assert catenet('run', '-q', '--', '/etc/passwd')[0] == 126
    assert catenet('run', '-q', '--', '/no/such/program')[0] == 127
    assert catenet('run', '-q', 'sh', '-c', 'exit 3', '--delay')[0] == 3


@case
def files():
    """a capture or summary that cannot be written"""
    wrong('No such file', 'run', '--pcapng', '/no/such/dir/x', '--', 'true')
    if os.path.exists('/dev/full'):
        for option in '--events', '--pcapng', '--summary':
            code, out, err = catenet('run', option, '/dev/full', '--', 'echo',
                                     'ran')
            assert code == 125 and not out, (code, out)
            assert '/dev/full: No space' in err, err


@case
def events_on_standard_output():
    """--events -: alone there, and no file of that name"""
    with tempfile.TemporaryDirectory() as folder:
        code, out, err = catenet('run', '-q', '--events', '-', '--', PYTHON,
                                 '-c', EXCHANGE, cwd=folder)
        assert code == 0 and not os.listdir(folder), (code, err)
    events = [json.loads(line) for line in out.splitlines()]
    assert len(events) > 10 and 'said' in err, (out, err)
    wrong('standard output', 'run', '--events', '-', '--pcapng', '-', '--',
          'true')


@case
def closed_from_the_start():
    """standard input and output that are closed stay so for the program"""
    look = ("import os, sys\n"
            "for fd in range(3):\n"
            "    try: os.fstat(fd)\n"
            "    except OSError: os.write(int(sys.argv[1]), b'%d' % fd)\n")
    for shell in '<&- 3>&1', '>&- 3>&2', '<&- >&- 3>&2', '<&- 2>&- 3>&1':
        words = f'"$@" {PYTHON} -c "$look" 3 {shell}'
        told = []
        for before in ([], [os.path.abspath(CATENET), 'run', '-q', '--']):
            done = subprocess.run(['sh', '-c', words, 'sh', *before],
                                  env={**os.environ, 'look': look}, text=True,
                                  capture_output=True, timeout=30, check=False)
            assert done.returncode == 0, (shell, before, done)
            told.append(done.stdout + done.stderr)
        assert told[0] == told[1] != '', (shell, told)
    done = subprocess.run(['sh', '-c', '"$@" >&-', 'sh', CATENET, 'run',
                           '--events', '-', '--', 'true'], text=True,
                          capture_output=True, timeout=30, check=False)
    assert 'Bad file descriptor' in done.stderr, done


@case
def help_text():
    """-h begins with examples; every option is in it"""
    for words in (('run', '-h'), ('run', '--help'), ('help', 'run')):
        code, out, err = catenet(*words)
        assert code == 0 and not err
        assert out.startswith('  catenet run '), out[:80]
        for option in ('--delay', '--loss', '--drop', '--pcapng', '--publish'):
            assert option in out
    code, out, _ = catenet('services', '--help')
    assert code == 0 and '--chargen' in out
    code, out, _ = catenet('--version')
    assert code == 0 and out.startswith('catenet ')


@case
def a_full_disk():
    """whatever a command prints where there is no room, it says so"""
    if not os.path.exists('/dev/full'):
        raise Skip('no /dev/full')
    for words in (['--help'], ['--version'], ['run', '--help'],
                  ['run', '--net'], ['explain'], ['explain', 'handshake'],
                  ['explain', '--svg', 'ladder', 'handshake'],
                  ['completion', 'bash'],
                  ['sim', '--rtt', '10ms', '--time', '100ms']):
        with open('/dev/full', 'w', encoding='ascii') as full:
            done = subprocess.run([CATENET, *words], stdout=full, text=True,
                                  stderr=subprocess.PIPE, timeout=60,
                                  check=False)
        assert done.returncode == 125, (words, done)
        assert 'No space left on device' in done.stderr, (words, done)


main()
