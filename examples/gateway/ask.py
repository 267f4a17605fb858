"""Asks the gateway as the client `billing`, signed, and checks that the answers are signed for these questions.

python ask.py
"""

import base64
from pathlib import Path

import httpx

from redan.exchange.signature_keys import HmacKey
from redan.gateway.client import SignedAuth

KEYID = Path("clients.toml").read_text().partition('id = "')[2].partition('"')[0]


def main():
    key = HmacKey(base64.b64decode(Path("billing.key").read_text()))
    auth = SignedAuth(token=Path("billing.token").read_text().strip(), keyid=KEYID, key=key, answers=(KEYID, key))
    with httpx.Client(base_url="http://127.0.0.1:8080", auth=auth) as client:
        for row in ([3, 70, 9, 2], [60, 20, 9, 0]):
            asked = {"inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": row}]}
            answer = client.post("/v2/models/churn/infer", json=asked)
            print(answer.status_code, [(one["name"], one["data"]) for one in answer.json()["outputs"]])


if __name__ == "__main__":
    main()
