"""Near-duplicate search over short texts: seconds, peak memory, recall and precision against planted copies.

Run `python bench/bench_near_texts.py [--rows N] [--peers]`; target: 1M rows in 60 s with recall >= 0.99 at a
Jaccard similarity of 0.8 and precision 1. `--peers` runs datasketch and rensa on the same texts (20,000 of them,
since they are slower) with the settings their manuals give.
"""

import argparse
import json
import resource
import time

import numpy as np

SYLLABLES = [c + v + e for c in "bcdfghklmnprstvz" for v in "aeiou" for e in ("", "n", "r", "s", "l")]


def texts_of(rows, rng):
    """Short texts of about 80 characters of a vocabulary with a long tail; one in ten is a near copy of another."""
    words = np.array(["".join(rng.choice(SYLLABLES, rng.integers(1, 4))) for _ in range(30_000)])
    size = rng.integers(8, 16, rows)
    drawn = words[np.minimum(rng.zipf(1.3, int(size.sum())) - 1, len(words) - 1)]
    ends = np.cumsum(size)
    texts = [" ".join(drawn[end - n : end]) for end, n in zip(ends, size, strict=True)]
    copies = rows // 10
    for place in rng.choice(rows // 2, copies, replace=False):
        text = list(texts[place])
        for at in rng.choice(len(text), max(1, int(len(text) * 0.11 / 5)), replace=False):
            text[at] = "qxyw"[rng.integers(4)]
        texts[rows // 2 + place] = "".join(text)
    return texts


def grams(text, size=5):
    plain = " ".join(text.casefold().split())
    return {plain[i : i + size] for i in range(max(len(plain) - size + 1, 1))}


def jaccard(left, right):
    return len(left & right) / len(left | right)


def planted(texts):
    """Pairs known to be near, found by a plain loop over the copies."""
    half = len(texts) // 2
    pairs = ((i, half + i) for i in range(len(texts) - half))
    return {(i, j) for i, j in pairs if jaccard(grams(texts[i]), grams(texts[j])) >= 0.8}


def told(pairs, texts):
    near = planted(texts)
    found = {(int(i), int(j)) for i, j in pairs}
    checked = list(found)[:20_000]
    right = sum(jaccard(grams(texts[i]), grams(texts[j])) >= 0.8 for i, j in checked)
    return {
        "near": len(near),
        "recall": round(len(near & found) / max(len(near), 1), 4),
        "precision": round(right / max(len(checked), 1), 4),
    }


def ours(texts):
    from redan.measures.near_texts import near_texts

    start, cpu = time.perf_counter(), time.process_time()
    found = near_texts(texts, threshold=0.8, rng=np.random.default_rng(1))
    spent = {"wall_s": round(time.perf_counter() - start, 2), "cpu_s": round(time.process_time() - cpu, 2)}
    return spent | told(found.pairs, texts) | {"pairs": len(found.pairs), "own_recall": [found.recalled, found.planted]}


def datasketch(texts):
    from datasketch import MinHash, MinHashLSH

    start = time.perf_counter()
    index, pairs = MinHashLSH(threshold=0.8, num_perm=128), []
    for i, text in enumerate(texts):
        signature = MinHash(num_perm=128)
        signature.update_batch([g.encode() for g in grams(text)])
        pairs += [(j, i) for j in index.query(signature)]
        index.insert(i, signature)
    return {"wall_s": round(time.perf_counter() - start, 2)} | told(pairs, texts)


def rensa(texts):
    from rensa import RMinHash, RMinHashLSH

    start = time.perf_counter()
    index, pairs = RMinHashLSH(threshold=0.8, num_perm=128, num_bands=16), []
    for i, text in enumerate(texts):
        signature = RMinHash(num_perm=128, seed=42)
        signature.update(list(grams(text)))
        pairs += [(j, i) for j in index.query(signature)]
        index.insert(i, signature)
    return {"wall_s": round(time.perf_counter() - start, 2)} | told(pairs, texts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    texts = texts_of(20_000 if given.peers else given.rows, np.random.default_rng(0))
    found = {"redan": ours(texts)}
    found["redan"]["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if given.peers:
        found |= {"datasketch": datasketch(texts), "rensa": rensa(texts)}
    print(json.dumps({"bench": "near_texts", "rows": len(texts), **found}))
    for name, row in found.items():
        told_of = f"recall {row['recall']}, precision {row['precision']}"
        print(f"{name}: {len(texts):,} texts in {row['wall_s']} s, {told_of}")


if __name__ == "__main__":
    main()
