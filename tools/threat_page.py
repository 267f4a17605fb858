"""Rebuilds docs/threats.md from the techniques and rules: `python tools/threat_page.py`; a test keeps both equal."""

from pathlib import Path

from redan.controls.catalogue import load
from redan.terms import ThreatClass
from redan.threats.risk import MATRIX
from redan.threats.rules import RULES
from redan.threats.taxonomy import entries
from redan.threats.techniques import Technique, techniques

PAGE = Path(__file__).resolve().parent.parent / "docs" / "threats.md"
INTRO = """# Threats and risk

<!-- Made by tools/threat_page.py; change that or src/redan/threats. -->

`redan threats` derives what can be done to the system that `redan.toml` describes. It needs no data and no model, so
it works from the first day of design.

    redan threats                            for people
    redan threats --format json              schemas/threats.v1.schema.json
    redan threats --format csv -o risk.csv   the risk register with TRA references; xlsx with the extra `xlsx`
    redan threats --format svg -o flow.svg   the data-flow diagram with trust boundaries

## How a threat gets on the list

Each technique below has one rule: a question about the description, in the manner of the OWASP AI Exchange's question
tree. A rule that applies names the element and the declared fact; one that does not apply leaves no trace. *When it
applies* and *what lowers it* are kept apart: no control takes a threat off the list, it only lowers the risk that is
left. What nobody declared counts as open: a training set without a source could come from anyone.

A threat that the team holds to be impossible is excluded in `redan.toml`, with a justification in the words of
OpenVEX and a reason. It stays visible as excluded. An exclusion that matches nothing is an error.

    [[exclusion]]
    threat = "oracle.extraction"        # a technique, or a whole class such as "oracle"
    element = "endpoint:score"          # left out: every element
    justification = "vulnerable_code_cannot_be_controlled_by_adversary"
    reason = "Answers go to one printer."
    owner = "ann"

## How a risk is weighed

Every factor is printed with the threat. There is no number behind the levels, and no score for a system.

**Likelihood**, 1 to 5, is half the sum of these points, rounded down:

| factor | 0 | 1 | 2 | 3 |
|---|---|---|---|---|
| exposure: who gets there | only the host | internal | partners, or unknown | the public |
| knowledge of the model that is needed | all of it | some | none | |
| access that is needed | storage | supplier, network path, sensor's scene | requests, contributed data, a talk | |
| evidence: ATLAS maturity | feasible, or not counted | demonstrated | realized | realized, three cases or more |

**Impact**, 1 to 5, is the sum of: worth of the dearest asset at stake (low 1, medium 2, high 3); 1 if a regulator
demands records; 1 if answers act without a person and the threat harms integrity; 1 if it harms confidentiality of
something confidential or personal.

"""
AFTER = """
**Risk that is left.** A control counts only when it holds by evidence: not when it was waived, went stale, could not
run, or is only declared; and not when it is a *consider* that the team rejected. The strongest such control lowers
the likelihood by its strength (1 to 3 steps, in brackets below), two or more by one step further, never below 1.
Impact stays.

## The diagram

Cards are elements: sources (barred), data sets (drums), features and preprocessing (rounded), models (double line),
endpoints (pills), feedback (slanted), people and clients (a figure). A badge counts an element's threats in the
colour of the worst. Dashed frames are boundaries; dotted ones are sites of third parties. Heavy lines are declared
flows, and their dash says how they are protected; thin ones follow from the tables. A boundary with nothing inside is
a tick across the flow that names it. The file holds no script, font or link.

## Techniques
"""


def page() -> str:
    """The whole page."""
    shelf, rules = techniques(), {rule.technique: rule for rule in RULES}
    rows = ["| likelihood \\ impact | 1 | 2 | 3 | 4 | 5 |", "|---|---|---|---|---|---|"]
    rows += [f"| **{i}** | {' | '.join(level.value for level in row)} |" for i, row in enumerate(MATRIX, start=1)]
    parts = [INTRO, "\n".join(rows), "\n", AFTER]
    for family in ThreatClass:
        parts.append(f"\n### {family.value.replace('-', ' ').capitalize()}\n")
        parts += [_technique(t, rules[t.id].applies.__doc__ or "") for t in shelf.values() if t.threat_class is family]
    return "".join(parts)


def _technique(technique: Technique, applies: str) -> str:
    controls, known = load(), entries()
    lowered = ", ".join(
        f"[{m.control}](reference/controls/{m.control}.md) ({m.strength})"
        for m in technique.mitigations
        if m.control in controls
    )
    names = (f"{r} {known[r].name}" if known[r].name else r for r in technique.references)
    return (
        f"\n**`{technique.id}`** {technique.title}.\n\n"
        f"- Applies to: {applies[:1].lower()}{applies[1:]}\n"
        f"- Attacker: {technique.attacker}. Harms {', '.join(technique.properties)}.\n"
        f"- Enters in: {', '.join(technique.stages)}\n"
        f"- Lowered by: {lowered}\n"
        f"- See: {'; '.join(names)}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
