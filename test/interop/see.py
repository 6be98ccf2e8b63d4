#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is seen: ladder, events and comments, of staged and of real traffic."""
import json
import os
import re
import subprocess
import tempfile

from harness import CATENET, Skip, case, main, need, run_list, sha, web

FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def validator():
    try:
        import jsonschema
    except ImportError:
        raise Skip('python3-jsonschema is not installed') from None
    with open(os.path.join(FOLDER, 'docs/events.schema.json'),
              encoding='utf-8') as file:
        schema = json.load(file)
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
                capture_output=True, text=True, timeout=120).stdout
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
def comments():
    """each packet of a capture bears its sentence, as tshark shows it"""
    need('tshark')
    _, _, shown, _ = fetch(['-q', '--drop', 'up syn #1'])
    lines = shown.splitlines()
    assert len(lines) > 10
    assert 'asks to open' in lines[0] and 'dropped by a rule' in lines[0]
    assert 'the SYN again' in lines[1], lines[1]
    assert 'agrees' in lines[2], lines[2]
    for line in lines:
        assert re.search(r'\((RFC|Linux) ', line), line


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
