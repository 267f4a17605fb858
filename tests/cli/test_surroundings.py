"""The command line in bad surroundings: hostile modules beside the project, closed or full streams, signals, devices."""

import os
import signal
import subprocess
import sys
import time

import pytest

import small_project

REDAN = [sys.executable, "-m", "redan"]
LINUX = sys.platform.startswith("linux")


@pytest.fixture
def project(tmp_path):
    return small_project.make(tmp_path / "project")


def shell(line, cwd, **env):
    """Runs a shell line in which $REDAN is the command."""
    environment = {**os.environ, "NO_COLOR": "1", "REDAN": " ".join(REDAN), **env}
    return subprocess.run(
        ["bash", "-c", line], cwd=cwd, capture_output=True, text=True, timeout=120, check=False, env=environment
    )


def one_line(done, code):
    assert done.returncode == code, (done.stdout, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "internal error" not in done.stderr
    return done.stderr


def test_modules_of_the_project_are_not_imported(project):
    """A project that brings its own numpy.py, re.py or rich.py does not get it executed."""
    for name in ("duckdb", "json", "numpy", "pathlib", "re", "rich", "tomllib", "typer", "typing"):
        (project / f"{name}.py").write_text("raise SystemExit('taken over')\n", encoding="utf-8")
    done = shell("$REDAN threats", project)
    assert done.returncode == 0, done.stderr
    assert "taken over" not in done.stderr


@pytest.mark.skipif(not LINUX, reason="needs /dev/full")
@pytest.mark.parametrize("verb", ["threats", "threats --format json", "doctor --format json", "check --quiet"])
def test_a_full_output_is_one_line(project, verb):
    """What cannot be written to standard output is exit 2 and one line, never a verdict."""
    assert "No space left" in one_line(shell(f"$REDAN {verb} > /dev/full", project), 2)


@pytest.mark.parametrize("closing", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams(project, closing):
    """A closed stream changes neither the exit code nor the ledger."""
    done = shell(f"$REDAN check --only AIPS-PIT-01 {closing}", project)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert shell(f"$REDAN check --quiet {closing}", project).returncode == 1
    assert shell("$REDAN check --quiet", project).returncode == 1


def test_a_closed_pipe_is_no_verdict(project):
    """When the reader goes away the exit code is 3: 1 would say that something was found."""
    line = (
        f"$REDAN doctor --format json | {sys.executable} -S -c 'import sys; sys.stdin.close()'; exit ${{PIPESTATUS[0]}}"
    )
    done = shell(line, project)
    assert done.returncode in {0, 3}, done.stderr
    line = "$REDAN check --quiet --format json | true; exit ${PIPESTATUS[0]}"
    done = shell(line, project)
    assert done.returncode == 3
    assert done.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_unicode(project, encoding):
    """What the terminal cannot show is escaped; the verdict is the same."""
    done = shell("$REDAN check", project, PYTHONIOENCODING=encoding, LC_ALL="C", PYTHONUTF8="0")
    assert done.returncode == 1, done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_one_line_and_exit_3(project, number):
    """An interrupted check says so in one line and leaves a ledger that goes on."""
    running = subprocess.Popen([*REDAN, "check", "--quiet"], cwd=project, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 30
    while not (project / ".redan" / "ledger" / "ledger.sqlite").exists() and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(number)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 3
    assert told.strip().splitlines() == ["redan: interrupted; what was finished is kept, run again to go on"]
    assert shell("$REDAN check --quiet", project).returncode == 1


def test_output_never_replaces_a_device(project, tmp_path):
    """An output that is a pipe or a device stays what it is: as root a rename would replace /dev/null."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not a regular file" in one_line(shell(f"$REDAN threats --format json -o {pipe}", project), 2)
    assert pipe.is_fifo()
    assert "not a regular file" in one_line(shell("$REDAN threats --format json -o /dev/null", project), 2)


def test_folders_are_not_writable_by_others(project):
    """Whatever the umask says, nobody else may write where evidence lies, and the key is the owner's alone."""
    done = shell("umask 000; $REDAN check --quiet -o out/deep/report.md --format md", project)
    assert done.returncode == 1, done.stderr
    made = [project / "out", project / "out" / "deep", *(project / ".redan").rglob("*"), project / ".redan"]
    assert [path for path in made if path.stat().st_mode & 0o022] == []
    assert (project / ".redan" / "key.pem").stat().st_mode & 0o777 == 0o600


def test_debug_shows_places_and_no_data(project):
    """`--debug` tells where an error came from; rows that an engine quotes stay out, and the exit code is the same."""
    with (project / "train.csv").open("a", encoding="utf-8") as file:
        file.write("i,1,2,0,4111111111111111\n")
    done = shell("$REDAN --debug check", project)
    assert done.returncode == 2
    assert "delimited.py" in done.stderr
    assert "4111111111111111" not in done.stderr + done.stdout


def test_two_first_runs_at_once(project):
    """Both sign with the key of the one that was first."""
    line = "$REDAN check --quiet >a & one=$!; $REDAN check --quiet >b & two=$!; wait $one; x=$?; wait $two; echo $x $?"
    done = shell(line, project)
    assert done.stdout.split() == ["1", "1"], done.stderr
