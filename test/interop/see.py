#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is seen: ladder, events and comments, of staged and of real traffic."""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

from harness import CATENET, Skip, case, main, need, run_list, sha, web
from schema import Schema

LONG = bool(os.environ.get('LONG'))
FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def the_schema():
    with open(os.path.join(FOLDER, 'docs/events.schema.json'),
              encoding='utf-8') as file:
        return json.load(file)


def validator():
    try:
        import jsonschema
    except ImportError:
        raise Skip('python3-jsonschema is not installed') from None
    schema = the_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def explain(*words, **environment):
    done = subprocess.run([CATENET, 'explain', *words], capture_output=True,
                          text=True, encoding='utf-8', timeout=60,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8',
                               **environment})
    return done.returncode, done.stdout, done.stderr


def situations():
    return [line.split()[0] for line in explain()[1].splitlines()]


def fetch(options, size=300_000, **more):
    """curl with these views; standard error and the files that they made."""
    need('curl')
    with web(size) as (url, data), tempfile.TemporaryDirectory() as folder:
        names = {name: os.path.join(folder, name)
                 for name in ('events', 'pcapng', 'summary')}
        done = run_list([*options, '--events', names['events'], '--pcapng',
                         names['pcapng'], '--summary', names['summary']],
                        ['curl', '-sS', url], **more)
        assert done.returncode == 0, done.stderr
        assert sha(done.stdout) == sha(data)
        comments = ''
        try:
            need('tshark')
            comments = subprocess.run(
                ['tshark', '-r', names['pcapng'], '-T', 'fields', '-e',
                 'tcp.flags.str', '-e', 'frame.comment'],
                capture_output=True, text=True,
                timeout=900 if LONG else 120).stdout
        except Skip:
            pass
        with open(names['events'], encoding='utf-8') as file:
            events = file.read().splitlines()
        with open(names['summary'], encoding='utf-8') as file:
            summary = json.load(file)
    return done.stderr.decode(), events, comments, summary


@case
def staged_lines_fit_the_schema():
    """every line of every staged situation is as the schema demands"""
    valid = validator()
    for name in situations():
        code, out, err = explain('--json', name)
        assert code == 0, err
        lines = out.splitlines()
        assert len(lines) > 5
        for line in lines:
            valid.validate(json.loads(line))


@case
def real_lines_fit_the_schema():
    """the events of a real transfer over a bad path fit it too"""
    valid = validator()
    _, events, _, _ = fetch(['-q', '--delay', '5ms', '--loss', '3%',
                             '--reorder', '2%', '--duplicate', '1%'])
    kinds = set()
    for line in events:
        event = json.loads(line)
        valid.validate(event)
        kinds.add(event['kind'])
    assert {'begin', 'state', 'in', 'out', 'fate', 'cc'} <= kinds, kinds


def spoiled(event):
    """What is almost this event: each field once gone, once of every other
    sort, and fields that do not belong there."""
    for name, value in event.items():
        rest = {key: v for key, v in event.items() if key != name}
        yield rest
        for wrong in (None, True, -1, 0, 1.5, 1 << 40, '', 'no such', [], [1],
                      ['SYN', 'SYN'], [[1]], {}, str(value), [value]):
            yield {**event, name: wrong}
    for name in ('timer', 'flags', 'err', 'drop', 'sack', 'mss', 'fate'):
        yield {**event, name: event.get(name, 'rto')}


@case
def fast_and_slow_agree():
    """test/interop/schema.py has the verdicts of python3-jsonschema"""
    slow, fast = validator(), Schema(the_schema())
    shapes = {}
    for name in situations():
        for line in explain('--json', name)[1].splitlines():
            event = json.loads(line)
            shapes.setdefault((event['kind'], *sorted(event)), event)
    verdicts = {True: 0, False: 0}
    for event in shapes.values():
        assert fast.valid(event) and slow.is_valid(event), event
        for wrong in spoiled(event):
            said = slow.is_valid(wrong)
            assert fast.valid(wrong) == said, (said, wrong)
            verdicts[said] += 1
    assert verdicts[True] > 100 and verdicts[False] > 1000, verdicts
    for wrong in ({'oneOf': []}, {'type': 'array', 'contains': {}}):
        try:
            Schema(wrong)
        except AttributeError:
            continue
        raise AssertionError(f'{wrong} was passed over')


@case
def all_lines_of_a_long_run_fit():
    """every line of a 5 MB run (LONG=1: 100 MB) that all views look at"""
    schema = the_schema()
    valid, known = Schema(schema).valid, schema['properties'].keys()
    size = 100_000_000 if LONG else 5_000_000
    _, events, _, summary = fetch(
        ['--explain', '--delay', '2ms', '--rate', '200mbit', '--loss', '0.5%',
         '--reorder', '0.5%', '--duplicate', '0.2%', '--corrupt', '0.2%'],
        size, timeout=900)
    octets, kinds = 0, set()
    for line in events:
        event = json.loads(line)
        assert valid(event), line
        assert event.keys() <= known, line
        kinds.add(event['kind'])
        if event['kind'] == 'in' and not event.get('drop'):
            octets += event['len']
    assert {'begin', 'state', 'in', 'out', 'cc', 'fate'} <= kinds, kinds
    assert octets >= size, (octets, size)
    print(f'# {len(events)} lines', flush=True)


@case
def wrong_lines_do_not():
    """and the schema refuses what is no such line"""
    valid = validator()
    good = json.loads(explain('--json', 'lost-syn')[1].splitlines()[2])
    assert valid.is_valid(good)
    for change in ({'kind': 'out', 'flags': ['NO']}, {'seq': -1},
                   {'local': 'nowhere'}, {'why': 'whim'}, {'t': 'now'},
                   {'timer': 'rto'}):
        assert not valid.is_valid({**good, **change}), change


@case
def what_leaves_after_close_is_counted():
    """the summary counts the segments of a program that wrote, and closed"""
    octets = 1_000_000
    with socket.create_server(('127.0.0.1', 0)) as listener, \
            tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, 'summary')
        program = f"""
import socket
s = socket.create_connection({listener.getsockname()})
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4000000)
s.sendall(bytes({octets}))
"""
        with subprocess.Popen(
                [CATENET, 'run', '-q', '--rtt', '20ms', '--drop',
                 'up data octet 500001 #1', '--summary', name, '--',
                 sys.executable, '-c', program]) as run:
            listener.settimeout(60)
            with listener.accept()[0] as conn:
                conn.settimeout(60)
                got = 0
                while piece := conn.recv(65536):
                    got += len(piece)
            assert run.wait(60) == 0
        assert got == octets
        with open(name, encoding='utf-8') as file:
            summary = json.load(file)
        row = summary['rows'][0]
        assert row['segments_sent'] > octets / 1460, row
        assert row['retransmits_sent'] >= 1, row
        assert summary['retransmits_sent'] == row['retransmits_sent'], summary


@case
def captures_for_tcpdump():
    """libpcap reads no file of several interfaces of one's own link type: what a
    run without a loopback writes has one, of nothing one, too"""
    need('tcpdump', 'curl')
    with web(3000) as (url, _), tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, 'pcapng')
        for words, least in (['curl', '-sSo', '/dev/null', url], 8), \
                (['true'], 0):
            done = run_list(['-q', '--pcapng', name], words)
            assert done.returncode == 0, done.stderr
            done = subprocess.run(['tcpdump', '-nr', name], text=True,
                                  capture_output=True, timeout=120,
                                  check=False)
            assert done.returncode == 0, done
            assert len(done.stdout.splitlines()) >= least, done


@case
def comments():
    """each packet of a capture bears its sentence, as tshark shows it"""
    need('tshark')
    _, _, shown, _ = fetch(['-q', '--delay', '5ms', '--drop', 'up syn #1'],
                           3000)
    lines = shown.splitlines()
    # Of the handshake; what follows depends on timing.
    wants = (
        r'asks to open: the SYN carries its initial sequence number '
        r'\(RFC 9293 §3\.10\.1\); SYN-SENT; dropped by a rule',
        # The timer runs from the call, the time told from when the SYN went.
        r'no answer for (\d{3} ms|[1-9]\.\d\d s): the SYN again '
        r'\(RFC 9293 §3\.8\.1\); '
        r'SYN-SENT',
        r'agrees: acknowledges the SYN and sends its own \(RFC 9293 §3\.5\); '
        r'SYN-RECEIVED',
        r'acknowledges the SYN \(RFC 9293 §3\.10\.7\.3\); ESTABLISHED',
        r'sends \d+ octets \(RFC 9293 §3\.10\.2\); ESTABLISHED')
    for line, want in zip(lines, wants):
        assert re.search(r'\t' + want + '$', line), (line, want)
    fins = [line for line in lines if 'F' in line.split('\t')[0]]
    assert len(fins) >= 2, lines
    for line in lines:
        flags, comment = line.split('\t')
        assert re.search(r'\((RFC|Linux) ', comment), line
        # A packet's comment is of this packet.
        told = 'FIN: nothing' in comment or 'FIN, which' in comment
        assert told == ('F' in flags), line


@case
def ladder():
    """the ladder of a real transfer: no controls, no line beyond the width"""
    err, _, _, summary = fetch(['--explain', '--drop', 'up syn #1'],
                               env={**os.environ, 'COLUMNS': '100',
                                    'LC_ALL': 'C.UTF-8'})
    assert '\x1b' not in err
    assert 'the SYN again' in err and 'SYN-SENT' in err, err
    assert 'more data segments' in err, err
    assert 'TIME-WAIT' in err or 'LAST-ACK' in err, err
    assert all(len(line) <= 100 for line in err.splitlines())
    row = summary['rows'][0]
    assert abs(sum(row['limits_received'].values()) - 1) < 0.01, row


@case
def chinese():
    """in Chinese by the locale, or by --lang"""
    err, _, _, _ = fetch(['--explain', '--lang', 'zh'])
    assert '请求建立连接' in err, err
    assert '请求建立连接' in explain('lost-syn', LC_ALL='zh_CN.UTF-8')[1]
    assert 'asks to open' in explain('--lang', 'en', 'lost-syn',
                                     LC_ALL='zh_CN.UTF-8')[1]


@case
def loopback():
    """connections between programs inside are drawn too"""
    script = ('import socket\n'
              's = socket.create_server(("127.0.0.1", 0))\n'
              'c = socket.create_connection(s.getsockname())\n'
              'a, _ = s.accept()\n'
              'c.sendall(b"x" * 100)\n'
              'a.recv(100)\n')
    done = run_list(['--explain', '--isolated'], ['python3', '-c', script],
                    env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    err = done.stderr.decode()
    assert done.returncode == 0, err
    assert 'client: asks to open' in err, err
    assert 'server: agrees' in err, err
    assert 'sends 100 octets' in err, err


@case
def what_limited_it():
    """the summary names what limited the transfer"""
    def most(options, way='limits_received'):
        summary = fetch(['-q', *options], 2_000_000)[3]
        shares = summary['rows'][0][way]
        return max(shares, key=shares.get), shares

    rows = ((['--rate', '10mbit', '--delay', '5ms'], 'path_rate'),
            (['--rtt', '20ms', '--rcvbuf', '32kb'], 'receiver_window'))
    for options, want in rows:
        name, shares = most(options)
        assert name == want, (options, shares)


@case
def wrong_words():
    """a situation that does not exist: exit 125, and what to do"""
    code, out, err = explain('nothing')
    assert code == 125 and not out and 'listed' in err, (code, out, err)
    code, _, err = explain('--lang', 'de')
    assert code == 125 and 'en and zh' in err, (code, err)
    code, _, err = explain('--width', '10')
    assert code == 125, (code, err)


main()
