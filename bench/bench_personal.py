"""Benchmark: typed precision and recall, and documents per second, on telecom texts; values per second on columns.

Run: `python bench/bench_personal.py`. Positives come from generators that redan did not write where those are
installed: the numbering plans' own example numbers (phonenumbers), and Faker (cards, accounts, mail). IMSI, IMEI and
ICCID are generated here, so their figures say that the code agrees with the standards as read, not more.
Where presidio-analyzer is installed, its pattern recognisers read the same documents in the same run, over a blank
spaCy pipeline, without a language model and without the network.
Targets: typed F1 >= 0.95, >= 50,000 documents per second of one core, >= 20 times Presidio's patterns.
"""

import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from redan.measures.personal.kinds import Kind
from redan.measures.personal.scan import scan_values
from redan.measures.personal.spans import find
from redan.measures.personal.telecom import luhn

COUNT = 1200
SENTENCES = {
    Kind.IMSI: (
        "IMSI {} did not attach",
        "subscriber {} roamed twice",
        "detach of imsi={} at cell 4",
        "{} was the IMSI",
    ),
    Kind.IMEI: (
        "IMEI {} reported stolen",
        "handset {} swapped at the shop",
        "new device with imei:{}",
        "repair of {} done",
    ),
    Kind.ICCID: ("SIM {} blocked", "sent card {} by post", "ICCID={}", "{} activated on Monday"),
    Kind.PHONE: ("call back on {}", "customer can be reached at {} after six", "MSISDN {}", "moved from {} to prepaid"),
    Kind.CARD: ("paid with card {}", "charge on {} disputed", "visa {}", "refund to {} please"),
    Kind.IBAN: ("direct debit from {}", "IBAN {}", "account {} is closed", "pays from {} since May"),
    Kind.EMAIL: ("write to {}", "mail={}", "sent the bill to {} again", "{} bounced"),
}
NOISE = (
    "order {15} shipped", "invoice {16} is open", "ticket {10} closed", "took {f} s", "build {v}",
    "at {t} cell {5} was down",
    "digest {h}", "tracking {20}", "ean {13}",
    "batch {19} done", "transaction {15} failed", "version {v} is out",
    "epoch {13} read", "moved {7} bytes", "reference {12} given", "line was cut twice after rain",
    "price {f} per month",
)  # fmt: skip


def checked(stem):
    return next(stem + d for d in "0123456789" if luhn(stem + d))


def digits(rng, count):
    return "".join(rng.choices("0123456789", k=count))


def makers(rng):
    import phonenumbers

    form, kind = phonenumbers.PhoneNumberFormat, phonenumbers.PhoneNumberType.MOBILE
    numbers = [phonenumbers.example_number_for_type(r, kind) for r in sorted(phonenumbers.SUPPORTED_REGIONS)]
    numbers = [n for n in numbers if n is not None]
    make = {
        Kind.IMSI: lambda: (rng.choice(("26201", "310260", "23410", "20801", "40445")) + digits(rng, 10))[:15],
        Kind.IMEI: lambda: checked(rng.choice(("35", "86", "01", "99")) + digits(rng, 12)),
        Kind.ICCID: lambda: checked("89" + rng.choice(("49", "01", "44", "33")) + digits(rng, 14)),
        Kind.PHONE: lambda: phonenumbers.format_number(
            rng.choice(numbers), rng.choice((form.E164, form.INTERNATIONAL))
        ),
    }
    try:
        from faker import Faker
    except ImportError:
        return make
    fake = Faker(["en_GB", "de_DE", "fr_FR", "en_US"])
    fake.seed_instance(1)
    return {
        **make,
        Kind.CARD: lambda: fake["en_US"].credit_card_number(rng.choice(("visa16", "mastercard", "amex", "discover"))),
        Kind.IBAN: lambda: rng.choice((fake["en_GB"], fake["de_DE"], fake["fr_FR"])).iban(),
        Kind.EMAIL: fake["en_US"].email,
    }


def noise(rng):
    text = rng.choice(NOISE)
    for count in (5, 7, 10, 12, 13, 15, 16, 19, 20):
        text = text.replace(f"{{{count}}}", str(rng.randrange(10 ** (count - 1), 10**count)))
    text = text.replace("{f}", f"{rng.uniform(0, 999):.4f}").replace("{h}", f"{rng.getrandbits(256):064x}")
    text = text.replace("{v}", ".".join(str(rng.randrange(30)) for _ in range(4)))
    return text.replace("{t}", f"2026-{1 + rng.randrange(12):02}-11 09:{rng.randrange(60):02}:12")


def scored(documents):
    right, wrong, missed = Counter(), Counter(), Counter()
    for text, kind, value in documents:
        places = find(text)
        hits = [s for s in places if s.kind is kind and value in text[s.start : s.end]]
        if kind is not None:
            (right if hits else missed)[kind] += 1
        for place in places:
            wrong[place.kind] += place not in hits
    return right, wrong, missed


def presidio(texts):
    """Documents per second of Presidio's pattern recognisers; None when it is not installed."""
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
    except ImportError:
        return None
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    for name in ("SpacyRecognizer", "EmailRecognizer", "UrlRecognizer"):  # a model, and a list from the network
        registry.remove_recognizer(name)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    analyzer.analyze(texts[0], language="en")
    start = time.process_time()
    for text in texts:
        analyzer.analyze(text, language="en")
    return len(texts) / (time.process_time() - start)


def main():
    rng = random.Random(6)
    make = makers(rng)
    kinds = list(make)
    documents = []
    for index in range(COUNT):
        kind = kinds[index % len(kinds)]
        value = make[kind]()
        documents += [(rng.choice(SENTENCES[kind]).format(value), kind, value), (noise(rng), None, "")]
    right, wrong, missed = scored(documents)
    found, false, lost = right.total(), wrong.total(), missed.total()
    start = time.process_time()
    for _ in range(5):
        for text, _, _ in documents:
            find(text)
    rate = 5 * len(documents) / (time.process_time() - start)
    values = [make[Kind.IMSI]() for _ in range(2000)]
    start = time.process_time()
    for _ in range(5):
        scan_values("c7", values)
    columns = 5 * len(values) / (time.process_time() - start)
    result = {
        "documents": len(documents),
        "typed_f1": round(2 * found / (2 * found + false + lost), 4),
        "recall": {k.value: round(right[k] / (right[k] + missed[k]), 3) for k in kinds},
        "false": {k.value: n for k, n in wrong.items() if n},
        "documents_per_cpu_second": round(rate),
        "column_values_per_cpu_second": round(columns),
    }
    peer = presidio([text for text, _, _ in documents[:400]])
    if peer is not None:
        result |= {"presidio_documents_per_cpu_second": round(peer), "times_presidio": round(rate / peer, 1)}
    print(json.dumps(result))
    speed = f"{rate:,.0f} documents and {columns:,.0f} column values a second"
    print(f"{len(documents)} documents: typed F1 {result['typed_f1']}, {speed}")


if __name__ == "__main__":
    main()
