"""PMML and other XML: plain models are clean; entities, inclusions and scripts are told."""

import pytest

from scan_samples import rules, verdict

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
PLAIN = HEAD + (
    '<PMML xmlns="http://www.dmg.org/PMML-4_4" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="4.4">'
    '<Header><Extension name="user" value="someone" extender="R PMML"/><Application name="x"/></Header><DataDictionary>'
    '<DataField name="a" optype="continuous" dataType="double"/></DataDictionary><RegressionModel functionName="regression">'
    '<RegressionTable intercept="1.0"><NumericPredictor name="a" coefficient="2"/></RegressionTable></RegressionModel></PMML>'
)


def _with(part, place="<Header>"):
    return PLAIN.replace(place, place + part, 1)


def test_a_plain_model_is_clean():
    """Elements of PMML, harmless extensions, with and without a declaration, raise nothing."""
    assert rules(PLAIN.encode(), "m.pmml") == set()
    assert rules(PLAIN.removeprefix(HEAD).encode(), "m.pmml") == set()
    assert rules(b"\xef\xbb\xbf" + PLAIN.encode(), "m.pmml") == set()


LAUGHS = (
    "<!DOCTYPE lolz ["
    '<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {c} "{"&" + p + ";" * 1}">' * 1 for p, c in zip("abcdef", "bcdefg", strict=True))
    + "]>"
)
MALICIOUS = {
    "external entity": PLAIN.replace("<PMML", '<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/hostname">]><PMML', 1),
    "external entity that is public": PLAIN.replace(
        "<PMML", '<!DOCTYPE PMML [<!ENTITY x PUBLIC "a" "http://host/x">]><PMML', 1
    ),
    "parameter entity": PLAIN.replace("<PMML", '<!DOCTYPE PMML [<!ENTITY % x SYSTEM "http://host/x">%x;]><PMML', 1),
    "external type": PLAIN.replace("<PMML", '<!DOCTYPE PMML SYSTEM "http://host/x.dtd"><PMML', 1),
    "expansion": PLAIN.replace("<PMML", LAUGHS + "<PMML", 1),
    "inclusion": _with('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>'),
    "transformation": _with('<x:value-of xmlns:x="http://www.w3.org/1999/XSL/Transform" select="1"/>'),
}
UNKNOWN = {
    "empty type": PLAIN.replace("<PMML", "<!DOCTYPE PMML><PMML", 1),
    "type of elements": PLAIN.replace("<PMML", "<!DOCTYPE PMML [<!ELEMENT a ANY>]><PMML", 1),
    "script in an extension": _with('<Extension name="x" value="java.lang.Runtime.getRuntime()"/>'),
    "script as text": _with('<Extension name="x"><script>eval(1)</script></Extension>'),
    "other namespace": _with('<x:y xmlns:x="http://host/x"/>'),
    "style sheet": PLAIN.replace("<PMML", '<?xml-stylesheet href="x.xsl"?><PMML', 1),
    "deep": HEAD
    + '<PMML xmlns="http://www.dmg.org/PMML-4_4">'
    + "<Extension>" * 5000
    + "</Extension>" * 5000
    + "</PMML>",
    "cut": PLAIN[:-10],
    "undefined entity": _with("&x;"),
    "two roots": PLAIN + "<PMML/>",
    "OpenVINO": '<?xml version="1.0"?>\n<net name="m" version="11"><layers/></net>',
    "another XML": HEAD + "<html/>",
    "NUL": PLAIN.replace("Header", "Hea\0der"),
}


@pytest.mark.parametrize("name", MALICIOUS)
def test_what_fetches_or_expands_is_malicious(name):
    """CWE-611 and CWE-776: nothing is fetched or expanded here, and it is told."""
    assert verdict(MALICIOUS[name].encode(), "m.pmml") == "malicious"


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_no_plain_model_is_not_understood(name):
    """Each one is a verdict that is not clean, and never an exception."""
    assert verdict(UNKNOWN[name].encode(), "m.pmml") == "not-understood"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-7"])
def test_other_encodings_are_never_clean(encoding):
    """A parser that follows the declaration would read what this one does not."""
    hidden = MALICIOUS["external entity"].replace("UTF-8", encoding).encode(encoding)
    assert verdict(hidden, "m.pmml") != "clean"
