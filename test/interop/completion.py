#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The completion of each shell: it parses, and completes what the tables of
options have, the closed sets too."""
import os
import re
import subprocess
import tempfile

from harness import CATENET, case, main, need

HERE = os.path.dirname(os.path.abspath(__file__))


def catenet(*words):
    return subprocess.run([CATENET, *words], check=True, capture_output=True,
                          text=True, timeout=60).stdout


def script(shell):
    return catenet('completion', shell)


def commands():
    table = catenet('-h').split('\n\n')[2]
    return re.findall(r'^  (\w+) +\w', table, re.M)


def options(command):
    return set(re.findall(r'^  (?:-\w, |    )(--[\w-]+)', catenet(
        command, '-h'), re.M))


def paths():
    return set(re.findall(r'^([\w-]+): ', catenet('run', '--net'), re.M))


def situations():
    return {line.split()[0] for line in catenet('explain').splitlines()}


def bash(*words):
    """What bash offers for the last of the words."""
    asked = script('bash') + (
        '\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_catenet\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n')
    done = subprocess.run(['bash', '--norc', '-c', asked, 'bash', *words],
                          capture_output=True, text=True, timeout=60,
                          check=True)
    assert not done.stderr, done.stderr
    return set(done.stdout.split())


@case
def everywhere():
    """every command has examples first in its -h, and they are its own"""
    names = commands()
    assert {'run', 'explain', 'ss', 'why', 'services', 'world',
            'completion'} <= set(names), names
    for name in names:
        text = catenet(name, '-h')
        assert re.match(r'  .*\bcatenet ' + name + r'\b', text), text[:80]
        assert text.index('Usage: ') > text.index('catenet ' + name)


@case
def bash_parses():
    """bash -n"""
    need('bash')
    subprocess.run(['bash', '-n'], input=script('bash'), text=True, check=True)


@case
def bash_completes():
    """in bash: commands, options, closed sets, and the program's own words"""
    need('bash')
    assert set(commands()) <= bash('catenet', '')
    assert bash('catenet', 'ex') == {'explain'}
    assert bash('catenet', 'help', 'se') == {'services'}
    for command in commands():
        # --help is for all.
        assert bash('catenet', command, '--') == options(command), command
    assert bash('catenet', 'run', '--net', '') == paths()
    assert bash('catenet', 'run', '--net', '=', 'sat') == {'satellite'}
    assert bash('catenet', 'run', '--net', '=') == paths()
    assert bash('catenet', 'run', '--delay', '') == set()
    assert bash('catenet', 'run', '--lang', '') == {'en', 'zh'}
    assert bash('catenet', 'run', '--cc', 'c') == {'cubic'}
    assert bash('catenet', 'explain', '') == situations()
    assert bash('catenet', 'completion', '') == {'bash', 'zsh', 'fish'}
    assert 'time-wait' in bash('catenet', 'ss', 'state', 'ti')
    assert 'bash' in bash('catenet', 'run', 'bas')
    assert 'bash' in bash('catenet', 'run', '--net', 'lte', '--', 'bas')
    assert 'bash' in bash('catenet', 'run', '--net', '=', 'lte', 'bas')
    assert not bash('catenet', 'run', 'cat', '--del')
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'events.json'), 'wb'):
            pass
        assert bash('catenet', 'run', '--events', folder + '/') == {
            folder + '/events.json'}
        assert bash('catenet', 'run', 'cat', folder + '/') == {
            folder + '/events.json'}


@case
def zsh_parses():
    """zsh -n, and compinit takes it"""
    need('zsh')
    subprocess.run(['zsh', '-n', '/dev/stdin'], input=script('zsh'), text=True,
                   check=True)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, '_catenet'), 'w',
                  encoding='utf-8') as file:
            file.write(script('zsh'))
        done = subprocess.run(
            ['zsh', '-f', '-c', f'fpath=({folder} $fpath)\n'
             'autoload -Uz compinit; compinit -u -D\n'
             'print $_comps[catenet]; autoload +X _catenet && print loaded'],
            capture_output=True, text=True, timeout=60, check=True,
            env={**os.environ, 'HOME': folder})
        assert done.stdout.split() == ['_catenet', 'loaded'], done
        assert not done.stderr, done.stderr


ZPTY = r'''
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; unset zle_bracketed_paste; fpath=($FOLDER $fpath)'
zpty -w shell 'autoload -Uz compinit; compinit -u -D; stty cols 500'
zpty -w shell 'LISTMAX=1000; zstyle ":completion:*" list-prompt ""; print RE""ADY'
zpty -r -m shell text '*READY*'
zpty -n -w shell "$LINE"$'\t\t'
for i in {1..600}; do
    sleep 0.1
    zpty -r -t shell more && text+=$more
    [[ $text == *$~WANT* ]] && break
done
print -r -- "${text#*READY}"
'''


@case
def zsh_completes():
    """in zsh, on a terminal: an option, and a closed set"""
    need('zsh')
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, '_catenet'), 'w',
                  encoding='utf-8') as file:
            file.write(script('zsh'))
        for line, want in (('catenet run --net sat', 'satellite'),
                           ('catenet expl', 'explain'),
                           ('catenet run --impa', '--impair-loopback'),
                           ('catenet explain lost-s', 'lost-syn')):
            done = subprocess.run(
                ['zsh', '-f', '-c', ZPTY], capture_output=True, text=True,
                timeout=120, check=False,
                env={**os.environ, 'HOME': folder, 'FOLDER': folder,
                     'LINE': line, 'WANT': want, 'TERM': 'dumb'})
            assert want in done.stdout, (line, done.stdout, done.stderr)


def fish(line):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ['fish', '--no-config', '-c',
             'source (echo $SCRIPT | psub); complete -C "$LINE"'],
            capture_output=True, text=True, timeout=60, check=True,
            env={**os.environ, 'HOME': folder, 'SCRIPT': script('fish'),
                 'LINE': line})
    assert not done.stderr, done.stderr
    return {said.split('\t')[0] for said in done.stdout.splitlines()}


@case
def fish_completes():
    """in fish: commands, options, closed sets, and the program's own words"""
    need('fish')
    subprocess.run(['fish', '--no-execute', '/dev/stdin'],
                   input=script('fish'), text=True, check=True)
    assert set(commands()) <= fish('catenet ')
    for command in commands():
        assert fish(f'catenet {command} --') == options(command), command
    assert fish('catenet run --net ') == paths()
    assert fish('catenet run --lang ') == {'en', 'zh'}
    assert situations() <= fish('catenet explain ')
    assert {'bash', 'zsh', 'fish'} <= fish('catenet completion ')
    assert 'time-wait' in fish('catenet ss state ')


@case
def the_files():
    """the build has written the same, for the folders that shells read"""
    folder = os.path.join(os.path.dirname(os.path.abspath(CATENET)),
                          'completion')
    for shell, name in (('bash', 'catenet'), ('zsh', '_catenet'),
                        ('fish', 'catenet.fish')):
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            assert file.read() == script(shell), shell


main()
