"""The command line as a stranger types it: help, slips of the keyboard, and narrow terminals."""

import io
import re
import sys

import pytest

import small_project
from redan.cli import app
from redan.cli.page import PIPED_WIDTH, aligned, page, plain, terminal
from redan.reports import text


@pytest.fixture
def redan(capsys):
    """Runs redan; gives its exit code, stdout and stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            app.main(list(arguments))
        return left.value.code or 0, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["chek"], "did you mean 'redan check'?"),
        (["key", "nwe"], "did you mean 'redan key new'?"),
        (["zzz"], "redan: no verb is called 'zzz' (see 'redan --help')"),
        (["seal", "m", "--key", "k.pem"], "redan seal: missing option '--output' / '-o' (see"),
        (["seal", "", "--key", "k.pem", "-o", "x"], "redan: an argument is empty"),
        (["check", "--nope"], "redan check: no such option: --nope"),
        (["explain"], "redan explain: missing argument 'ID'"),
        (["verify", "pack.json"], "missing option '--key'"),
        (["check", "a", "b"], "unexpected extra argument"),
        (["ledger", "prove", "abc"], "valid integer"),
        (["threats", "--format", "pdf"], "'pdf' is not one of"),
        (["check", "--format", "pdf"], "unknown format 'pdf'"),
        (["--nope"], "redan: no such option: --nope"),
        (["\x1b[31mverb"], "no verb is called"),
    ],
)
def test_a_slip_is_one_clear_line(redan, arguments, says):
    """What is wrong with the arguments is said in one line on standard error, and the exit code is 2."""
    code, out, err = redan(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("redan")
    assert err.count("\n") == 1
    assert says in err
    assert "\x1b" not in err


@pytest.mark.parametrize("group", [[], ["key"], ["ledger"], ["data"]])
def test_a_group_alone_shows_its_verbs(redan, group):
    """Without a verb the help is shown, and nothing was done, so the exit code is 2."""
    code, out, err = redan(*group)
    assert code == 2
    assert "Usage: redan" in out + err
    assert "Commands:" in out + err


def test_every_verb_has_help_that_fits(redan, monkeypatch):
    """Each verb explains itself within 80 columns, and no option shows a type of Python."""
    monkeypatch.setenv("COLUMNS", "80")
    verbs = [[name] for name in app.VERBS]
    verbs += [[group, name] for group, (_, inner) in app.GROUPS.items() for name in inner]
    for verb in verbs:
        code, out, _ = redan(*verb, "--help")
        assert code == 0
        assert max(map(len, out.splitlines())) <= 80
        assert not re.search(r"<(str|path|list|int)\b", out), f"{verb}: {out}"
        usage = out.splitlines()[0]
        assert not set("{}") & set(usage), usage
        assert "[[" not in usage
        assert ", --out " not in out
        assert not re.search(r"\bx[<>]=|<=x", out)


def test_a_usage_line_says_what_to_type(redan):
    """Arguments stand as they are typed, in brackets when they may be left out."""
    lines = {verb: redan(verb, "--help")[1].splitlines()[0].split("redan ")[1] for verb in app.VERBS}
    assert lines["record"] == "record [OPTIONS] -- COMMAND..."
    assert lines["scan"] == "scan [OPTIONS] PATH..."
    assert lines["publish"] == "publish [OPTIONS] [MODEL]"
    assert lines["check"] == "check [OPTIONS] [PATH]"


def test_options_have_the_same_name_everywhere(redan):
    """A file to write is -o/--output, a folder of the project --dir, and every verb with a form has --format."""
    said = {
        verb: redan(*verb.split(), "--help")[1]
        for verb in ("report", "threats", "data card", "key new", "check", "lock", "unlock", "record")
    }
    assert all("-o, --output FILE" in text_ for text_ in said.values()), said
    for verb in ("data card", "ledger log", "ledger prove"):
        assert "--dir PATH" in redan(*verb.split(), "--help")[1]
    for verb in (*app.VERBS, "key new", "ledger log", "data card", "model card"):
        assert "--quiet" in redan(*verb.split(), "--help")[1] or verb in {"threats", "explain", "doctor", "demo"}


def test_a_pipe_gets_plain_lines(monkeypatch):
    """No colour and no blanks at line ends reach a file, even where the environment forces colour."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    sink = io.StringIO()
    monkeypatch.setattr(sys, "stdout", sink)

    def draw(console):
        console.print("[bold red]word[/]", "x " * 80)

    page(draw)
    assert sink.getvalue() == plain(draw)
    assert "\x1b" not in sink.getvalue()
    assert all(line == line.rstrip() for line in sink.getvalue().splitlines())
    assert max(map(len, sink.getvalue().splitlines())) <= PIPED_WIDTH
    terminal().print("[red]while it works[/]")
    assert sink.getvalue().endswith("while it works\n")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_of_words_and_sentences_fit_the_terminal(width):
    """A sentence goes on below itself; a command to copy and a long word stay whole; nothing steers the terminal."""
    command = "redan verify " + "m" * width + " --key PUB"
    rows = [("not said", "file modes, times, owners " * 6), ("", "\x1b[31mred"), ("empty", ""), ("verify", command)]
    lines = aligned(rows, width).splitlines()
    assert lines[-1] == "verify    " + command
    assert lines[-2].strip() == "empty"
    assert all(len(line) <= width for line in lines[:-1])
    assert {line[:10].strip() for line in lines} == {"not said", "", "empty", "verify"}
    assert "\x1b" not in "".join(lines)
    assert len(aligned(rows).splitlines()) == len(rows)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_the_report_fits_the_terminal(small_material, width):
    """No line of the report is wider than the terminal, and no id of a control is cut."""
    from rich.console import Console

    sink = io.StringIO()
    text.draw(small_material, Console(file=sink, width=width, color_system=None))
    assert max(map(len, sink.getvalue().splitlines())) <= width
    for row in small_material.judgement.rows:
        if row.outcome == "broken" and width >= 60:
            assert row.control_id in sink.getvalue()


def test_quiet_verbs_say_nothing(redan, tmp_path, small):
    """--quiet leaves only the exit code."""
    (tmp_path / "train.csv").write_text(small_project.rows(1, 20), encoding="utf-8")
    assert redan("init", str(tmp_path), "--quiet") == (0, "", "")
    key = small.pack.with_name("key.pub")
    assert redan("verify", str(small.pack), "--key", str(key), "--quiet") == (0, "", "")
    assert redan("key", "new", "-o", str(tmp_path / "k.pem"), "--quiet") == (0, "", "")
    assert (tmp_path / "k.pub").exists()
