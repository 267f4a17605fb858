"""Denial of service: who can make the endpoint work, and how hard?

Source: OWASP AI Exchange 2.5 (AI resource exhaustion); Shumailov et al., "Sponge Examples", arXiv 2006.03463.
"""

from collections.abc import Iterator

from redan.system.system import System
from redan.threats.facts import at_stake, open_endpoints
from redan.threats.place import Place


def flood(system: System) -> Iterator[Place]:
    """An endpoint that outsiders reach, or that declares no request limit."""
    for endpoint, _ in open_endpoints(system):
        if endpoint.exposure in {"public", "partner"} or not endpoint.rate_limited:
            limit = "a request limit is only declared" if endpoint.rate_limited else "no request limit is declared"
            reason = f"It answers {endpoint.exposure} clients, and {limit}."
            fact = f"it answers {endpoint.exposure} clients"
            assets = at_stake(f"endpoint:{endpoint.name}")
            yield Place(f"endpoint:{endpoint.name}", reason, endpoint.exposure, fact, assets)


def sponge(system: System) -> Iterator[Place]:
    """An endpoint that runs a model on what outsiders choose."""
    for endpoint, _ in open_endpoints(system):
        if endpoint.exposure in {"public", "partner"}:
            reason = f"It runs a model on whatever {endpoint.exposure} clients send."
            fact = f"it answers {endpoint.exposure} clients"
            assets = at_stake(f"endpoint:{endpoint.name}")
            yield Place(f"endpoint:{endpoint.name}", reason, endpoint.exposure, fact, assets)
