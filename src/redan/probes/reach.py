"""Questions that would make the server fetch, run, open or switch something: code, addresses, files, flags.

Nothing that is sent does harm: code would sleep, and addresses lead to a socket that the probe itself listens at.

Source: research notes, R1 and R18 (addresses of a client), R6 (pickles), R8 (shells), R9 (line ends), R20 (flags).
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from redan.probes import checks
from redan.probes.contract import Came, Shot, Verdict
from redan.probes.craft import Craft, whole
from redan.probes.judge import DENIED, FORGED, MALFORMED, answered, broken, holds, refused, unclear, worst
from redan.probes.message import Message
from redan.probes.rig import Probe, Rig, static
from redan.probes.wire import Line
from redan.terms import Outcome

_NAP: Final = 1.4  # the server may begin to sleep before the last byte counts as sent
_PICKLE: Final = b"ctime\nsleep\n(F1.5\ntR."  # would sleep; unpickled by nobody here
_KINDS: Final = (
    b"application/vnd.bentoml+pickle",
    b"application/x-pickle",
    b"application/python-pickle",
    b"application/octet-stream",
    b"application/x-numpy",
    b"application/x-torch",
)
_FLAGS: Final = (
    "skip_validation",
    "disable_validation",
    "validate",
    "strict",
    "debug",
    "admin",
    "bypass",
    "no_auth",
    "trusted",
    "internal",
    "unsafe",
    "mlflow.skip_validation",
    "content_type",
    "trust_remote_code",
)
_NO_CODE: Final = "Keep every unpickler, shell and template out of the serving process; what a client sends is data."
_NO_FETCH: Final = "Take no address or path from a client, and let the serving process reach no other host."
_NO_FLAGS: Final = "Let no header and no parameter of a request switch a check off."
_PLAIN: Final = "Refuse control characters in names and identifiers, and write none of them into headers or pages."
_REFUSED = refused(MALFORMED | DENIED, cut=True)
MARK: Final = b"x-redan-injected"


def code(rig: Rig) -> Verdict:
    """A pickle under the types that servers have unpickled, and words that a shell would run."""
    craft = rig.craft
    made = [
        craft.ask(_PICKLE, fields=((b"content-type", kind), *more))
        for kind in _KINDS
        for more in ((), ((b"payload-container", b"DefaultContainer"), (b"payload-meta", b'{"format":"pickle"}')))
    ]
    return worst([ran(came, may_pass=False) for came in (rig.line.send(shot) for shot in whole(*made))])


def shell(rig: Rig) -> Verdict:
    """Words that a shell or a template would run, where names and settings of a model are."""
    craft = rig.craft
    words = ("$(sleep 1.5)", "`sleep 1.5`", "; sleep 1.5 #", "| sleep 1.5", "{{ ''.__class__ }}")
    loose = [craft.ask(craft.question(parameters={name: word})) for word in words for name in ("model_uri", "env")]
    strict = [craft.ask(craft.question(name=word)) for word in words]
    strict += [craft.ask(path=craft.place.infer(word)) for word in words[:2]]
    came = [ran(rig.line.send(shot), may_pass=True) for shot in whole(*loose)]
    return worst([*came, *(ran(rig.line.send(shot), may_pass=False) for shot in whole(*strict))])


def ran(came: Came, *, may_pass: bool) -> Verdict:
    """Judges what would sleep if it were run: by the time until the answer.

    Args:
        came: what came back.
        may_pass: whether the question is a good one but for what would be run.
    """
    if came.took >= _NAP:
        return broken("the answer took as long as the code that was sent would sleep")
    if may_pass and answered(came):
        return holds("it was passed over")
    return refused(MALFORMED | FORGED | {404}, cut=True)((came,))


@contextmanager
def canary(line: Line) -> Iterator[tuple[str, socket.socket]]:
    """A socket at the address of this machine that the server sees, and its URL; nothing is answered there.

    Args:
        line: to the server.

    Raises:
        OSError: the server is not reached, or there is no such address to listen at.
    """
    with line.open() as sock:
        own = sock.getsockname()[0]
    with socket.create_server((own, 0), family=socket.AF_INET6 if ":" in own else socket.AF_INET) as ear:
        host = f"[{own}]" if ":" in own else own
        yield f"http://{host}:{ear.getsockname()[1]}/redan", ear


def fetched(rig: Rig) -> Verdict:
    """Addresses in every place where servers have fetched one."""
    try:
        with canary(rig.line) as (url, ear):
            came = [rig.line.send(shot) for shot in whole(*_naming(rig.craft, url))]
            return called(came, heard=_heard(ear))
    except OSError:
        return unclear("no address of this machine could be listened at")


def called(came: list[Came], *, heard: bool) -> Verdict:
    """Judges questions that name an address.

    Args:
        came: what came back to each.
        heard: whether somebody came to the address.
    """
    if heard:
        return broken("the server connected to an address that the question named")
    rest = tuple(one for one in came if not answered(one) and not (one.status == 200 and one.replies))  # noqa: PLR2004
    verdict = refused(MALFORMED | FORGED | DENIED, cut=True)(rest) if rest else holds("")
    return (
        verdict if verdict.outcome is not Outcome.HOLDS else holds("the server connected to no address that was named")
    )


def _naming(craft: Craft, url: str) -> list[Message]:
    asked = json.loads(craft.body)
    first = asked["inputs"][0]
    texts: dict[str, Any] = {**first, "datatype": "BYTES", "shape": [1], "data": [url]}
    bodies: list[Any] = [
        {**asked, "inputs": [texts]},
        {**asked, "inputs": [{**first, "parameters": {"url": url, "content_type": url, "uri": url}}]},
        {**asked, "parameters": {"url": url, "model_uri": url, "webhook": url, "callback": url, "callback_url": url}},
        {**asked, "url": url},
        {"inputs": url},
        {"image_url": {"url": url}},
    ]
    prefix = craft.place.prefix
    load = json.dumps(
        {"parameters": {"config": json.dumps({"name": "redan-none", "parameters": {"uri": url}}), "uri": url}}
    )
    management = [
        craft.plain("POST", f"{prefix}/models?url={url}.mar&initial_workers=1", b"", token=craft.mine.token),
        craft.plain("POST", f"{prefix}/v2/repository/models/redan-none/load", load.encode(), token=craft.mine.token),
    ]
    forged = craft.plain("POST", body=craft.body, token=craft.mine.token, authority=url.split("/")[2])
    return [*(craft.ask(json.dumps(one).encode()) for one in bodies), *management, forged]


def _heard(ear: socket.socket, wait: float = 0.5) -> bool:
    ear.settimeout(wait)
    with suppress(OSError):
        found, _ = ear.accept()
        found.close()
        return True
    return False


def files(craft: Craft) -> tuple[Shot, ...]:
    """Paths of files where a tensor should be."""
    first = json.loads(craft.body)["inputs"][0]
    paths = ("file:///etc/passwd", "/etc/passwd", "../../../../etc/passwd", "\\\\redan-none\\share", "/dev/zero")
    given = [{**first, "data": path} for path in paths]
    given += [
        {
            **{k: v for k, v in first.items() if k != "data"},
            "parameters": {"shared_memory_region": path, "shared_memory_byte_size": 64, "shared_memory_offset": -1},
        }
        for path in paths
    ]
    return whole(*(craft.ask(json.dumps({"inputs": [one]}).encode()) for one in given))


def switched(craft: Craft) -> tuple[Shot, ...]:
    """A question that has to be refused, with every flag that might let it pass."""
    asked = json.loads(craft.body)
    shape = [*asked["inputs"][0]["shape"], 7]
    flags: dict[str, Any] = dict.fromkeys(_FLAGS, True) | {"validate": False, "strict": False}
    bad = {
        "inputs": [{**asked["inputs"][0], "shape": shape, "parameters": flags}, *asked["inputs"][1:]],
        "parameters": flags,
    }
    body = json.dumps(bad).encode()
    fields = tuple((f"x-{name.replace('_', '-').replace('.', '-')}".encode(), b"true") for name in _FLAGS)
    return whole(
        craft.ask(body), craft.ask(body, fields=fields), craft.ask(body, path=f"{craft.path}?debug=true&validate=false")
    )


def injected(rig: Rig) -> Verdict:
    """Line ends and markup where names are: none may come back as a header or in a page."""
    craft, name = rig.craft, MARK.decode()
    coded = f"%0d%0a{name}:%201"
    raw = f"a\r\n{name}: 1"
    texts = (raw, f"a\n{name}: 1", f"a\u560d\u560a{name}: 1", "<script>redan</script>")
    asked = json.loads(craft.body)
    made = [craft.ask(json.dumps({**asked, "id": text}).encode()) for text in texts]
    made += [
        craft.get(f"{craft.place.prefix}/v2/models/{text}")
        for text in (coded, "<script>redan</script>", "%3Cscript%3Eredan")
    ]
    made += [
        craft.ask(fields=((field, text),))
        for field in (b"x-request-id", b"x-correlation-id", b"origin")
        for text in (coded.encode(), b"<script>redan</script>")
    ]
    return worst([unmarked(rig.line.send(shot)) for shot in whole(*made)])


def unmarked(came: Came) -> Verdict:
    """Judges what came back to names with line ends and markup.

    Args:
        came: what came back; an answer may hold an identifier as JSON has it, and nothing else.
    """
    for reply in came.replies:
        if reply.field(MARK):
            return broken("a line end in a name became a header of the answer")
        if b"<script>redan" in reply.body and b"html" in reply.field(b"content-type").lower():
            return broken("markup in a name became a part of a page")
        if any(b"<script>redan" in value for _, value in reply.fields):
            return broken("markup in a header came back in a header")
    return holds("it was passed over") if answered(came) else _REFUSED((came,))


_CHECK: Final = (checks.MALFORMED,)
PROBES: Final = (
    Probe(
        "code-as-input",
        "R6",
        _CHECK,
        "a pickle that would sleep, under types that servers have unpickled",
        _NO_CODE,
        code,
    ),
    Probe("shell-words", "R8", _CHECK, "words that a shell or a template would run", _NO_CODE, shell),
    Probe(
        "fetched-address",
        "R18",
        (checks.MALFORMED, checks.RUNNING),
        "addresses that the server might fetch",
        _NO_FETCH,
        fetched,
    ),
    Probe(
        "files-as-input",
        "R18",
        _CHECK,
        "paths of files and shared memory in place of data",
        _NO_FETCH,
        static(files, refused(MALFORMED, cut=False)),
    ),
    Probe(
        "switched-off",
        "R20",
        _CHECK,
        "a wrong question with flags that might switch validation off",
        _NO_FLAGS,
        static(switched, refused(MALFORMED)),
    ),
    Probe("injected-lines", "R9", _CHECK, "line ends and markup in names and identifiers", _PLAIN, injected),
)
