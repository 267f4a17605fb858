"""Described systems that are hard to draw: a big one, overlapping zones, long and hostile names."""


def _big():
    """Some forty elements, nested boundaries, third-party sites, cycles, both ways between two elements."""
    zones = {
        "core": [
            "source:s0",
            "source:s1",
            "dataset:d0",
            "dataset:d1",
            "dataset:d2",
            "model:m0",
            "model:m1",
            "boundary:vault",
        ],
        "vault": ["dataset:d1", "model:m1"],
        "dmz": ["endpoint:e0", "endpoint:e1"],
        "lab": ["dataset:d5", "dataset:d6", "model:m3"],
    }
    kinds = ("internal", "crowd", "sensor", "vendor", "public")
    out = ['[system]\nname = "Radio network anomaly detection"\nstage = "operation"\nacts = true']
    out += [
        f'[[boundary]]\nname = "{name}"\ncontains = {members!r}'.replace("'", '"') for name, members in zones.items()
    ]
    out += [f'[[site]]\nname = "plant-{i}"\nthird_party = {"true" if i else "false"}' for i in range(3)]
    out += [f'[[source]]\nname = "s{i}"\nkind = "{kinds[i % 5]}"' for i in range(9)]
    for i in range(10):
        role = "train" if i < 7 else "validation"
        site = f'\nsite = "plant-{i - 6}"' if i in {7, 8} else ""
        out.append(f'[[dataset]]\nname = "d{i}"\nrole = "{role}"\nsources = ["s{i % 9}", "s{(i * 3 + 1) % 9}"]{site}')
    for i in range(6):
        extra = {2: '\nensemble_of = ["m0", "m1"]', 4: '\nbase = "m5"'}.get(i, "")
        trained = f'trained_on = ["d{i}", "d{(i + 1) % 7}"]\nvalidated_on = ["d{7 + i % 3}"]'
        out.append(f'[[model]]\nname = "m{i}"\ntask = "anomaly"\n{trained}{extra}')
    exposures = ("public", "partner", "internal", "local", "public")
    out += [f'[[endpoint]]\nname = "e{i}"\nmodel = "m{i}"\nexposure = "{e}"' for i, e in enumerate(exposures)]
    out += [f'[[feedback]]\nname = "fb{i}"\nendpoint = "e{i}"\ninto = "d{i}"' for i in range(2)]
    out += [f'[[feature]]\nname = "f{i}"\nfrom = "d0"' for i in range(6)]
    flows = (
        (
            "source:s2",
            "endpoint:e0",
            "temperature, vibration, position, speed, and the direction of the wind",
            "signed",
        ),
        ("dataset:d0", "model:m0", "all", "tls"),
        ("model:m0", "endpoint:e0", "score and explanation of the score", "mtls"),
        ("model:m1", "endpoint:e1", "score", "none"),
        ("endpoint:e1", "model:m1", "request", "none"),
        ("source:s0", "dataset:d0", "call records", "none"),
        ("model:m3", "model:m3", "itself", "none"),
    )
    for source, target, data, protection in flows:
        out.append(f'[[flow]]\nfrom = "{source}"\nto = "{target}"\ndata = ["{data}"]\nprotection = "{protection}"')
    return "\n".join(out)


BIG = _big()

ZONES = """
[system]
name = "Zones"
[[source]]
name = "a"
kind = "crowd"
[[source]]
name = "b"
kind = "internal"
[[dataset]]
name = "train"
role = "train"
[[dataset]]
name = "test"
role = "test"
[[model]]
name = "m"
[[person]]
name = "joe"
role = "operator"
[[boundary]]
name = "office"
contains = ["source:b", "dataset:train", "person:joe"]
[[boundary]]
name = "overlap"
contains = ["dataset:train", "model:m"]
[[boundary]]
name = "ring"
contains = ["boundary:ring", "dataset:test"]
"""

_LONG = "a-very-long-name-that-goes-on-and-on-until-it-has-to-wrap"
NAMES = f"""
[system]
name = "{"Weather and traffic " * 12}"
[[boundary]]
name = "{_LONG}-boundary"
contains = ["dataset:{_LONG}"]
[[source]]
name = "MWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMW"
kind = "public"
[[dataset]]
name = "{_LONG}"
role = "train"
sources = ["MWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMWMW"]
[[preprocessor]]
name = "wide"
package = "{"W" * 90}"
[[model]]
name = "m"
trained_on = ["{_LONG}"]
preprocessors = ["wide"]
[[endpoint]]
name = "e"
model = "m"
clients = "顧客サービスの端末、店舗の端末、そして携帯電話のアプリケーション"
[[flow]]
from = "model:m"
to = "endpoint:e"
data = ["{"Ω" * 60}", "二", "{"M" * 60}"]
"""

HOSTILE = """
[system]
name = "<script>alert(1)</script>"
[[dataset]]
name = "train"
role = "train"
[[model]]
name = "m"
trained_on = ["train"]
[[endpoint]]
name = "e"
model = "m"
clients = "\\" onload=\\"x()\\" \\u202egnp.exe ]]>&lt;img src=x onerror=y()>"
[[flow]]
from = "dataset:train"
to = "model:m"
data = ["</text><a href='javascript:x()'>\\u001b[2J", "\\u2028x{{7*7}}"]
"""
