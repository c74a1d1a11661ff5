"""What a delivery is on the wire: its headers, its signatures, and one POST.

Nothing here knows the database, so it can be tested without one. No body and no
key is ever logged.
"""

import base64
import hashlib
import hmac
import json
import time

import requests

TIMEOUT = (5, 10)  # seconds to connect, and to be answered
ACCEPTED = (200, 201)


def body_of(payload):
    """The bytes that are sent, and signed."""
    return json.dumps(payload, ensure_ascii=False).encode()


def standard_secret(secret):
    """The key of a Standard Webhooks secret: what follows whsec_ is base64."""
    if secret.startswith("whsec_"):
        return base64.b64decode(secret[len("whsec_"):])
    return secret.encode()


def headers_of(payload, body, api_key, secret, delivery, number, now=None):
    """The headers of a delivery.

    Signed twice where there is a secret: as Standard Webhooks want it, over id,
    time and body, and as a HMAC over the payload with its keys in order, which a
    receiver can check that has parsed the body already.
    """
    headers = {"Content-Type": "application/json", "X-Webhook-Sequence": str(number)}
    if api_key:
        headers["Authorization"] = "Bearer " + api_key
    if secret:
        stamp = str(int(now if now is not None else time.time()))
        signed = delivery.encode() + b"." + stamp.encode() + b"." + body
        mac = hmac.new(standard_secret(secret), signed, hashlib.sha256).digest()
        headers.update({
            "webhook-id": delivery,
            "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(mac).decode(),
            "X-Webhook-Signature": hmac.new(secret.encode(), json.dumps(payload, sort_keys=True).encode(), hashlib.sha256).hexdigest(),
        })
    return headers


def post(url, body, headers):
    """Sends once. Returns the HTTP status, or None, and a sentence where it was not accepted."""
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except requests.Timeout:
        return None, "The receiver did not answer in time"
    except requests.RequestException as error:
        return None, "The receiver cannot be reached (%s)" % type(error).__name__
    if answer.status_code in ACCEPTED:
        return answer.status_code, None
    return answer.status_code, "The receiver answered HTTP %d: %.200s" % (answer.status_code, answer.text)
