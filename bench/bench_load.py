"""Load and participants: judging 5M rows of arrivals, verifying signed rows; one JSON line and one for people."""

import argparse
import datetime as dt
import json
import resource
import sys
import time

import numpy as np
import pyarrow as pa

from redan.defences.contribution import sign_rows
from redan.measures.load import arrivals, class_floods, days_of, silence, volume
from redan.measures.participants import authenticity, parse_register
from redan.measures.subset import drawn_at_random
from redan.seal.keys import generate
from redan.tables import table_of


def arrived(rows):
    rng = np.random.default_rng(0)
    seconds = np.sort(rng.integers(0, 365 * 86_400, rows)) * 1_000_000 + 1_767_225_600_000_000
    return pa.table({"at": pa.array(seconds, pa.timestamp("us")), "kind": pa.array(rng.choice(["a", "b", "c"], rows))})


def signed(kind, rows):
    key = generate(kind)
    head = 'context = "bench"\n[columns]\nat = "time"\nspeed = "number"\n'
    text = f'{head}[[participant]]\nid = "p"\nkey = """{key.public.pem}"""\n'
    register = parse_register(text.encode(), where="people")
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)
    frame = pa.table(
        {
            "at": pa.array([begin + dt.timedelta(seconds=i) for i in range(rows)], pa.timestamp("us")),
            "speed": np.arange(rows) / 7,
        }
    )
    frame = frame.append_column("sig", pa.array(sign_rows(frame, register, "p", key))).append_column(
        "who", pa.array(["p"] * rows)
    )
    return register, table_of(frame)


def timed(work):
    begin = time.perf_counter()
    answer = work()
    return time.perf_counter() - begin, answer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--signed", type=int, default=20_000)
    wanted = parser.parse_args()
    table = table_of(arrived(wanted.rows))
    seconds, days = timed(lambda: days_of(table, "at", "kind"))
    judged, _ = timed(
        lambda: (
            volume(arrivals(days, "1 days")),
            class_floods(arrivals(days, "1 days")),
            silence(arrivals(days, "1 days")),
        )
    )
    rates = {}
    for kind in ("ed25519", "p256"):
        register, rows = signed(kind, wanted.signed)
        took, found = timed(lambda r=register, t=rows: authenticity(t, r, contributor="who", signature="sig"))
        rates[kind] = round(found.authentic / took)
    rng = np.random.default_rng(1)
    m = rng.negative_binomial(1, 0.1, 20_000) + 1
    k = rng.multivariate_hypergeometric(m, int(m.sum() // 3), method="marginals")
    drew, _ = timed(lambda: drawn_at_random(*({str(i): int(c) for i, c in enumerate(x)} for x in (k, m)), rng))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    facts = {
        "rows": wanted.rows,
        "days_s": round(seconds, 2),
        "judged_s": round(judged, 2),
        "verified_per_s": rates,
        "draw_20k_people_s": round(drew, 2),
        "peak_mb": peak,
    }
    print(json.dumps(facts))
    print(f"{wanted.rows:,} rows by day and class in {seconds:.1f} s, judged in {judged:.1f} s")
    print(f"{rates['ed25519']:,} Ed25519 and {rates['p256']:,} P-256 rows verified a second", file=sys.stderr)


if __name__ == "__main__":
    main()
