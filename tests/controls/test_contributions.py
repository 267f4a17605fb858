"""Hostile and half-empty systems: the questions about contributions answer with a reason, never with a crash."""

import datetime as dt

import pytest

from redan.controls.catalogue import checks, load
from redan.controls.contract import Vector
from redan.errors import InputError
from redan.terms import Outcome
from redan.testing import answer

CATALOGUE = load()
CHECKS = [check.id for control in ("AIPS-POI-01", "AIPS-POI-02", "AIPS-POI-03") for check in checks(CATALOGUE[control])]
HEAD = '[system]\nname = "s"\nstage = "operation"\n[[source]]\nname = "crowd"\nkind = "crowd"\nlimit = 5\n'
SET = (
    '[[dataset]]\nname = "d"\nrole = "train"\npath = "d.csv"\nlabel = "y"\ntime = "t"\ncontributor = "who"\n'
    'signature = "sig"\nprediction = "p"\nsources = ["crowd"]\n'
)
TABLES = {
    "one row": "t,y,who,sig,p,x\n2026-01-01,a,u,s,a,1\n",
    "constant": "t,y,who,sig,p,x\n" + "2026-01-01,a,u,s,a,1\n" * 50,
    "empty cells": "t,y,who,sig,p,x\n" + ",,,,,\n" * 50,
    "no times": "t,y,who,sig,p,x\n" + "soon,a,u,s,b,1\n" * 50,
    "far years": "t,y,who,sig,p,x\n0001-01-01,a,u,s,b,1\n9999-12-31,b,v,s,a,1\n",
    "every cell its own": "t,y,who,sig,p,x\n"
    + "".join(f"2026-01-{1 + i % 28:02},y{i},w{i},s{i},p{i},{i}\n" for i in range(400)),
    "mixed": "t,y,who,sig,p,x\n"
    + "".join(
        f"{'2026-01-01' if i % 2 else i},{i % 3},{i % 7},ü,{'inf' if i % 2 else 'nan'},{'' if i % 3 else i}\n"
        for i in range(300)
    ),
    "long texts": "t,y,who,sig,p,x\n"
    + "".join(f"2026-01-0{1 + i},{'a' * 200_000},{'w' * 200_000},{'s' * 200_000},b,1\n" for i in range(6)),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", TABLES)
def test_strange_tables_get_a_verdict(check, kind, tmp_path):
    """No table makes a check raise, and nothing of a long text is shown."""
    pool = '[[dataset]]\nname = "all"\nrole = "site"\npath = "all.csv"\nlabel = "y"\ntime = "t"\ncontributor = "who"\nsources = ["crowd"]\n'
    files = {
        "redan.toml": (HEAD + SET + 'drawn_from = "all"\n' + pool).encode(),
        "d.csv": TABLES[kind].encode(),
        "all.csv": TABLES[kind].encode(),
    }
    vector = Vector(name=kind, files=files, check=check, expect=Outcome.BROKEN, note="", now=dt.date(2026, 6, 1))
    found = answer(vector, tmp_path)
    assert found
    assert Outcome.ERROR not in {f.outcome for f in found}, [f.message for f in found]
    assert all(len(f.message) < 1_000 for f in found)


@pytest.mark.parametrize("register", [b"", b"\xff\xfe", b"x = [", b'context = "c"\n', b"{}"])
def test_a_register_that_is_none_is_an_input_error(register, tmp_path):
    """A declared register that cannot be read stops the run with its name."""
    toml = HEAD.replace("limit = 5\n", 'participants = "people.toml"\n').encode()
    vector = Vector(
        name="r",
        files={"redan.toml": toml, "people.toml": register},
        check="AIPS-POI-01/participants-are-authorised",
        expect=Outcome.BROKEN,
        note="",
    )
    with pytest.raises(InputError, match=r"people\.toml"):
        answer(vector, tmp_path)
