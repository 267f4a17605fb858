"""Systems whose ways of input are told, and systems in which one answer is missing."""

from redan.controls.contract import Vector
from redan.terms import Outcome

_ENTRY = "AIPS-EVA-01/entry-of-perturbations-is-known"
_SOURCE = "AIPS-EVA-01/source-of-input-is-known"
_SECURED = "AIPS-EVA-01/path-of-input-is-secured"
_MISSED = "A way that nobody wrote down is a way that nobody guards."
_LUCK = "An alarm on a way that is told, or a pass on one that is not, teaches people to ignore the answer."

_CAMERA = '[[source]]\nname = "camera"\nkind = "sensor"\n'
_HOST = 'host = "the city"\n'
_EDGE = '[[boundary]]\nname = "edge"\ncontains = ["endpoint:api", "model:gate"]\n'
_API = '[[endpoint]]\nname = "api"\nmodel = "gate"\nexposure = "public"\n'
_MODEL = '[[model]]\nname = "gate"\n'


def _flow(source: str, to: str, protection: str = "none") -> str:
    return f'[[flow]]\nfrom = "{source}"\nto = "{to}"\nprotection = "{protection}"\n'


def _files(*parts: str) -> dict[str, bytes]:
    return {"redan.toml": "\n".join(['[system]\nname = "gate"\nstage = "design"\n', *parts]).encode()}


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    to_api, bare = _flow("source:camera", "endpoint:api", "mtls"), _flow("source:camera", "endpoint:api")
    known = (_CAMERA + _HOST, _EDGE, _API, _MODEL)
    trained = (
        _flow("dataset:train", "model:gate")
        + '[[dataset]]\nname = "train"\nrole = "train"\n'
        + _MODEL
        + 'trained_on = ["train"]\n'
    )
    feature = '[[feature]]\nname = "speed"\nfrom = "source:camera"\n'

    def case(check: str, name: str, outcome: Outcome, files: dict[str, bytes]) -> Vector:
        note = _MISSED if outcome is Outcome.BROKEN else _LUCK
        return Vector(name=name, files=files, check=check, expect=outcome, subject="model:gate", note=note)

    return (
        case(_ENTRY, "no flow leads to the model", Outcome.BROKEN, _files(_MODEL)),
        case(_ENTRY, "no flow leads to its endpoint", Outcome.BROKEN, _files(_API, _MODEL)),
        case(_ENTRY, "only what it was trained on flows to it", Outcome.BROKEN, _files(trained)),
        case(_ENTRY, "a flow leads to its endpoint", Outcome.HOLDS, _files(*known, to_api)),
        case(
            _ENTRY,
            "a flow leads to the model",
            Outcome.HOLDS,
            _files(_CAMERA, _MODEL, bare.replace("endpoint:api", "model:gate")),
        ),
        case(
            _ENTRY,
            "a feature tells its source",
            Outcome.HOLDS,
            _files(_CAMERA, feature, _MODEL + 'inputs = ["speed"]\n'),
        ),
        case(_SOURCE, "nobody knows whose camera it is", Outcome.BROKEN, _files(_CAMERA, _EDGE, _API, _MODEL, to_api)),
        case(_SOURCE, "clients that nobody describes", Outcome.BROKEN, _files(_API, _MODEL)),
        case(_SOURCE, "the camera has a host", Outcome.HOLDS, _files(*known, to_api)),
        case(_SOURCE, "clients are described", Outcome.HOLDS, _files(_API + 'clients = "drivers"\n', _MODEL)),
        case(_SOURCE, "no way is told", Outcome.NOT_RUN, _files(_MODEL)),
        case(_SECURED, "a way in without protection", Outcome.BROKEN, _files(*known, bare)),
        case(
            _SECURED,
            "one of two ways without protection",
            Outcome.BROKEN,
            _files(*known, to_api, '[[source]]\nname = "web"\nkind = "crowd"\n', _flow("source:web", "endpoint:api")),
        ),
        case(_SECURED, "a way in under mutual TLS", Outcome.HOLDS, _files(*known, to_api)),
        case(
            _SECURED,
            "a way that stays inside",
            Outcome.HOLDS,
            _files('[[source]]\nname = "meter"\nkind = "internal"\n', _MODEL, _flow("source:meter", "model:gate")),
        ),
        case(_SECURED, "from outside over no line", Outcome.NOT_RUN, _files(_CAMERA, _API, _MODEL, bare)),
        case(_SECURED, "no way is told", Outcome.NOT_RUN, _files(_MODEL)),
        case(_SECURED, "clients whose way is not told", Outcome.NOT_RUN, _files(_API, _MODEL)),
    )
