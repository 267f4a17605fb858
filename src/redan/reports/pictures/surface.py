"""The ways of input to a model, one line each: who is outside, and which passages are open."""

from markupsafe import Markup

from redan.reports.pictures.fields import Fields, MalformedError

_STATES = ("secured", "open", "inside")
_KEY = Markup('<p class="key">dashed: outside; red: crosses a line of trust without protection</p>')


def surface(fields: Fields) -> Markup:
    """Draws `redan.findings.attack_pictures.Surface`.

    Raises:
        MalformedError: a way has not one passage between each two stops, or a passage is in no known state.
    """
    return Markup("").join(_way(path) for path in fields.parts("paths")) + _KEY


def _way(path: Fields) -> Markup:
    stops, passages = path.parts("stops"), path.parts("passages")
    if not stops or len(passages) != len(stops) - 1:
        raise MalformedError("passages")
    parts = [_stop(stops[0])]
    for passage, stop in zip(passages, stops[1:], strict=True):
        parts += [_passage(passage), _stop(stop)]
    return Markup('<ol class="way">{}</ol>').format(Markup("").join(parts))


def _stop(stop: Fields) -> Markup:
    note = Markup("<small>{}</small>").format(stop.text("note")) if stop.text("note") else Markup("")
    kind = "stop outside" if stop.flag("outside") else "stop"
    return Markup('<li class="{}">{}{}</li>').format(kind, stop.text("name"), note)


def _passage(passage: Fields) -> Markup:
    state = passage.text("state")
    if state not in _STATES:
        raise MalformedError("state")
    mark = Markup('<span aria-hidden="true">✗</span> ') if state == "open" else Markup("")
    return Markup('<li class="passage {}"><small>{}{}</small><span aria-hidden="true">→</span></li>').format(
        state, mark, passage.text("words")
    )
