"""Publish an event that is stored once, whatever fails on the way; Python 3.11, no package.

TOKEN=… python examples/publish.py order_invoices invoice.requested 1042 '{"order_id": "1042"}'
"""

import http.client
import json
import os
import random
import sys
import time
import urllib.request
import uuid

API, TOKEN = os.environ.get("API", "http://127.0.0.1:8000"), os.environ["TOKEN"]
AGAIN = {409, 429, 502, 503, 504}  # 409: the first try may still be running


def publish(topic, event, *, tries=8):
    """Return the record of the stored event; raise the last error when all tries are used up."""
    address, body = f"{API}/api/v1/topics/{topic}/events", json.dumps(event).encode()
    headers = {
        "Authorization": f"Token {TOKEN}",
        "Content-Type": "application/json",
        "Idempotency-Key": f'"{uuid.uuid4()}"',  # the same in every try: that makes it safe
    }
    for number in range(1, tries + 1):
        try:
            request = urllib.request.Request(address, body, headers)
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except (OSError, http.client.HTTPException) as error:  # refused, or nobody knows
            if getattr(error, "code", 503) not in AGAIN or number == tries:
                raise
            told_s = float((getattr(error, "headers", None) or {}).get("Retry-After", 0))
            time.sleep(max(told_s, random.uniform(0.5, 1) * min(0.2 * 2**number, 20)))


topic, event_type, key, data = sys.argv[1:]
print(publish(topic, {"type": event_type, "key": key, "data": json.loads(data)}))
