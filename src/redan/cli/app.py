"""The `redan` command: a table of verbs, loaded one at a time, and the last word on errors and exit codes."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

import redan
from redan.cli import streams
from redan.errors import RedanError, UsageError
from redan.terms import Exit

_WIDEST = 100  # columns of help; longer lines are hard to read
_INTERRUPTED = 130  # what the parser makes of KeyboardInterrupt


class Verb(NamedTuple):
    """Where a verb lives and the one line that `redan --help` says about it.

    Args:
        home: module, imported only when the verb is called.
        function: the function in it.
        help: one line.
    """

    home: str
    function: str
    help: str


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "init": Verb("redan.cli.init", "init", "Inspect a folder and write a commented redan.toml."),
        "threats": Verb("redan.cli.threats", "threats", "Derive the threats, their risk, and a data-flow diagram."),
        "check": Verb("redan.cli.check", "check", "Run the checks that apply, sign the evidence, judge the gate."),
        "report": Verb("redan.cli.report", "report", "Draw the last evidence: a page, text or a machine's format."),
        "scan": Verb("redan.cli.scan", "scan", "Examine model files without loading them."),
        "seal": Verb("redan.cli.seal", "seal", "Sign a model, a dataset or a folder of files."),
        "verify": Verb("redan.cli.verify", "verify", "Verify a seal, or an evidence pack, with the public key alone."),
        "record": Verb("redan.cli.record", "record", "Run a command and record every file that it opened."),
        "lock": Verb("redan.cli.lock", "lock", "Encrypt a file at rest, in the age format."),
        "unlock": Verb("redan.cli.lock", "unlock", "Decrypt what lock wrote."),
        "publish": Verb("redan.cli.publish", "publish", "Put a sealed model into a signed distribution."),
        "pull": Verb("redan.cli.pull", "pull", "Fetch the newest release of a signed distribution, or refuse it."),
        "serve": Verb("redan.cli.serve", "serve", "Answer for the models of redan.toml, under guards."),
        "probe": Verb("redan.cli.probe", "probe", "Try at an inference endpoint what must be refused."),
        "explain": Verb("redan.cli.explain", "explain", "Explain a control, a check or a taxonomy id."),
        "doctor": Verb("redan.cli.doctor", "doctor", "Say what is installed and which questions have a check."),
        "demo": Verb("redan.cli.demo", "demo", "Run the whole flow on a real model, published and repaired."),
    }
)
GROUPS: Mapping[str, tuple[str, Mapping[str, Verb]]] = MappingProxyType(
    {
        "key": (
            "Make signing keys, and credentials of the gateway's clients.",
            {
                "new": Verb("redan.cli.key", "key_new", "Make a key pair for signing evidence or seals."),
                "client": Verb("redan.cli.key_client", "key_client", "Make credentials for a client of the gateway."),
            },
        ),
        "ledger": (
            "Read the tamper-evident log.",
            {
                "log": Verb("redan.cli.ledger", "ledger_log", "List the entries of the ledger."),
                "prove": Verb("redan.cli.ledger", "ledger_prove", "Print the receipt of one entry."),
            },
        ),
        "data": (
            "Look at data.",
            {
                "card": Verb("redan.cli.data.cards", "data_card", "Write a dataset's Croissant card or datasheet."),
                "profile": Verb(
                    "redan.cli.data.cards", "data_profile", "Aggregate facts about a table, column by column."
                ),
                "pii": Verb("redan.cli.data.pii", "data_pii", "Find personal data, by content."),
                "poison": Verb(
                    "redan.cli.data.poison", "data_poison", "Search for flipped labels, floods, outliers, triggers."
                ),
                "shift": Verb("redan.cli.data.shift", "data_shift", "Compare current data with a reference."),
                "fairness": Verb(
                    "redan.cli.data.fairness", "data_fairness", "Error rates per group, and the worst slice."
                ),
                "load": Verb("redan.cli.data.load", "data_load", "Judge volume, class shares and silence of sources."),
                "pseudonymise": Verb(
                    "redan.cli.data.pseudonymise", "data_pseudonymise", "Replace identifiers by keyed pseudonyms."
                ),
                "anonymise": Verb(
                    "redan.cli.data.anonymise", "data_anonymise", "Generalise rows until nobody stands out."
                ),
            },
        ),
        "attack": (
            "Attack a model, and say what is left of it.",
            {
                "evasion": Verb(
                    "redan.cli.attack.evasion", "attack_evasion", "Robust accuracy, with the signs against it."
                ),
                "extraction": Verb(
                    "redan.cli.attack.extraction", "attack_extraction", "How good a copy its answers make."
                ),
                "membership": Verb(
                    "redan.cli.attack.membership", "attack_membership", "Who can tell that a record was trained on."
                ),
            },
        ),
        "defend": (
            "Apply a remedy.",
            {
                "minimise": Verb("redan.cli.minimise", "minimise", "The smallest feature set within a stated loss."),
                "canaries": Verb("redan.cli.canaries", "canaries", "Plant secrets, to measure what is memorised."),
                "reference": Verb(
                    "redan.cli.reference", "reference", "What a gateway holds a model's input and answers to."
                ),
            },
        ),
        "model": (
            "Look at models.",
            {"card": Verb("redan.cli.model", "model_card", "Write a model's card, or its part of a bill.")},
        ),
    }
)


class VerbCommand(TyperCommand):
    """A verb whose help says what to type and no types of Python."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`[OPTIONS]`, then each argument; in brackets when it may be left out."""
        named = [(str(one.metavar), one.required) for one in self.params if one.param_type_name == "argument"]
        return ["[OPTIONS]", *(name if required else f"[{name}]" for name, required in named)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options, each with its name, what it stands for, and its meaning."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            found = [(one, one.get_help_record(ctx)) for one in self.get_params(ctx) if one.param_type_name == kind]
            rows = [
                (str(one.metavar) if kind == "argument" else _one_spelling(record[0]), _plain_range(record[1]))
                for one, record in found
                if record is not None
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _one_spelling(names: str) -> str:
    """Names of an option without the second spelling of -o, which is understood and not advertised."""
    return names.replace(", --out ", " ")


def _plain_range(text: str) -> str:
    """Help with `1 to 20` and `0 or more` for the parser's `1<=x<=20` and `x>=0`."""
    import re

    return re.sub(r"\bx>=(\S+)(?=[\];])", r"\1 or more", re.sub(r"(\S+)<=x<=(\S+)(?=[\];])", r"\1 to \2", text))


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are called; its help needs none of them."""

    verbs: Mapping[str, Verb] = MappingProxyType({})
    groups: Mapping[str, tuple[str, Mapping[str, Verb]]] = MappingProxyType({})

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the flow."""
        return [*self.verbs, *self.groups]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name, imported now; None when there is none."""
        if cmd_name in self.groups:
            text, verbs = self.groups[cmd_name]
            return _group(cmd_name, text, verbs, {})
        verb = self.verbs.get(cmd_name)
        return None if verb is None else _command(cmd_name, verb)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that was called.

        Raises:
            UsageError: there is none of that name; names the nearest one.
        """
        word = args[0]
        if not word.startswith("-") and word not in self.list_commands(ctx):
            from difflib import get_close_matches

            near = get_close_matches(word.lower(), self.list_commands(ctx), n=1)
            hint = f"did you mean '{ctx.command_path} {near[0]}'?" if near else f"see '{ctx.command_path} --help'"
            whole = " ".join([*ctx.command_path.split()[1:], word])
            raise UsageError(f"no verb is called {whole!r}", remedy=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The table of verbs, without importing one."""
        rows = [(name, verb.help) for name, verb in self.verbs.items()]
        rows += [(f"{name} {'|'.join(verbs)}", text) for name, (text, verbs) in self.groups.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _command(name: str, verb: Verb) -> Any:
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    function = vars(import_module(verb.home))[verb.function]
    settings = {"max_content_width": _WIDEST}
    words = verb.help + "\n\n" + _body(function.__doc__)
    single.command(name, cls=VerbCommand, help=words, context_settings=settings)(function)
    return typer.main.get_command(single)


def _body(doc: str | None) -> str:
    """What a verb's docstring says after its first sentence, up to the sections meant for readers of code."""
    lines = (doc or "").strip().split("\n")[1:]
    kept: list[str] = []
    for line in lines:
        if line.strip() in {"Args:", "Returns:", "Raises:"}:
            break
        kept.append(line.strip())
    return "\n".join(kept).strip()


def _group(name: str, text: str, verbs: Mapping[str, Verb], groups: Mapping[str, Any]) -> Any:
    kind = type("VerbGroup", (LazyGroup,), {"verbs": verbs, "groups": groups})
    app = typer.Typer(
        cls=kind, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
    )
    app.callback(help=text, context_settings={"max_content_width": _WIDEST})(
        _version_option if name == "redan" else _nothing
    )
    group = typer.main.get_command(app)
    group.name = name
    return group


def _nothing() -> None:
    """A group does nothing by itself."""


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"redan {redan.__version__}")
        raise typer.Exit


def _version_option(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
    ),
    debug: bool = typer.Option(False, "--debug", help="Show where an error came from."),
) -> None:
    """Options before the verb; both act before this is called."""


def application() -> Any:
    """The root command, built anew at each call."""
    text = "AI product security as executable, signed evidence."
    return _group("redan", text, VERBS, GROUPS)


def main(argv: list[str] | None = None) -> NoReturn:
    """Runs the command line and leaves with an exit code of `terms.Exit`.

    Args:
        argv: arguments without the program's name; the process's own when None.
    """
    streams.prepare()
    given = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in given or bool(os.environ.get("REDAN_DEBUG"))
    arguments = [word for word in given if word != "--debug"]
    try:
        _refuse_empty(arguments)
        code = _called(arguments)
        sys.stdout.flush()
    except RedanError as error:
        _trail(error, debug)
        _leave(f"redan: {error}", error.exit_code)
    except KeyboardInterrupt:
        _leave("redan: interrupted; what was finished is kept, run again to go on", Exit.INCOMPLETE)
    except BrokenPipeError:
        streams.abandon_output()
        sys.exit(Exit.INCOMPLETE)
    except OSError as error:
        _trail(error, debug)
        streams.abandon_output()
        _leave(f"redan: {streams.refused(error)}", Exit.USAGE)
    except Exception as error:  # noqa: BLE001 -- the last word: no traceback with data in it reaches a user
        _trail(error, debug)
        kind = type(error).__name__
        _leave(f"redan: internal error ({kind}); run again with --debug and report it", Exit.INCOMPLETE)
    sys.exit(code)


def _refuse_empty(arguments: list[str]) -> None:
    """An empty path would mean the current folder, and comes from a variable that is not set.

    Raises:
        UsageError: an argument of redan's own is empty; those of a command after `--` are its own.
    """
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if any(not word.strip() for word in own):
        raise UsageError("an argument is empty", remedy="check that the variable it comes from is set")


def _trail(error: Exception, debug: bool) -> None:
    if debug:
        sys.stderr.write(streams.trail(error))


def _called(arguments: list[str]) -> int:
    """Calls the verb; the errors of arguments leave as one line, all others pass.

    The parser's own last word is not used: it would call a closed pipe exit 1, which means honest findings here.
    """
    try:
        code = application()(args=arguments, prog_name="redan", standalone_mode=False)
    except typer.Abort:
        _leave("redan: stopped at the question; nothing was changed", Exit.USAGE)
    except typer.Exit as interrupted:
        if interrupted.exit_code == _INTERRUPTED:
            raise KeyboardInterrupt from interrupted
        return interrupted.exit_code
    except TyperException as error:
        _leave(_usage(error), Exit.USAGE)
    except SystemExit as left:
        if isinstance(left.__context__, BrokenPipeError):
            raise left.__context__ from None
        raise
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else Exit.MET


def _usage(error: TyperException) -> str:
    """What is wrong with the arguments, as one line; the help itself where a group was called without a verb."""
    said = error.format_message()
    if "\n" in said:
        return said
    context = getattr(error, "ctx", None)
    where = "redan" if context is None else context.command_path
    fault = said.replace("Value error, ", "").replace(" / '--out'", "").rstrip(".")
    return str(UsageError(f"{where}: {fault[:1].lower()}{fault[1:]}", remedy=f"see '{where} --help'"))


def _leave(line: str, code: Exit) -> NoReturn:
    sys.stderr.write(line + "\n")
    sys.exit(code)
