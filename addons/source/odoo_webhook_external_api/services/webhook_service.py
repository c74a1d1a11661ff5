"""Sending one event: headers, signatures and what an answer means."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlsplit

import requests

TIMEOUT = 10  # seconds to connect, and again to answer
SUCCESS = (200, 201)
# The receiver is not there or not ready: nothing about the event is wrong.
UNAVAILABLE = (408, 425, 429, 500, 502, 503, 504)
LONGEST_ANSWER = 500

# Seconds after the first, second, ... failed attempt. After the last one the
# event has failed: after 28 hours, and more where the receiver asks for longer.
DELAYS = (2, 4, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200)
LONGEST_RETRY_AFTER = 3600


def canonical(payload):
    """The text that the guide's signature is over."""
    return json.dumps(payload, sort_keys=True)


def guide_signature(payload, secret):
    """The guide's HMAC, in hexadecimal."""
    return hmac.new(secret.encode(), canonical(payload).encode(), hashlib.sha256).hexdigest()


def secret_key(secret):
    """The bytes of a secret: after whsec_ it is in base64."""
    if secret.startswith('whsec_'):
        return base64.b64decode(secret[len('whsec_'):], validate=True)
    return secret.encode()


def standard_signature(message_id, timestamp, body, secret):
    """The signature of Standard Webhooks."""
    signed = b'.'.join([message_id.encode(), str(timestamp).encode(), body])
    digest = hmac.new(secret_key(secret), signed, hashlib.sha256).digest()
    return 'v1,' + base64.b64encode(digest).decode()


def url_problem(url):
    """Why an address is not one to send to, '' when it is."""
    try:
        parts = urlsplit(url or '')
        _port = parts.port  # raises for a port that is none
    except ValueError:
        return 'malformed'
    if parts.scheme not in ('http', 'https'):
        return 'scheme'
    if not parts.hostname or any(c.isspace() or ord(c) < 0x20 for c in url):
        return 'malformed'
    if parts.username or parts.password:
        return 'credentials'
    return ''


class Answer:
    """What came of an attempt."""

    __slots__ = ('status', 'text', 'milliseconds', 'retry_after')

    def __init__(self, status, text, milliseconds, retry_after=0):
        self.status = status            # 0: there was no answer
        self.text = text                # what the receiver said; not for logs
        self.milliseconds = milliseconds
        self.retry_after = retry_after

    @property
    def ok(self):
        return self.status in SUCCESS

    @property
    def unavailable(self):
        return not self.status or self.status in UNAVAILABLE

    @property
    def reason(self):
        """A word for logs and for grouping, without private data."""
        return 'HTTP %d' % self.status if self.status else self.text

    def delay(self, attempts):
        """Seconds until the next attempt after so many, None: no more."""
        if attempts > len(DELAYS):
            return None
        return max(DELAYS[attempts - 1], min(self.retry_after, LONGEST_RETRY_AFTER))


class Unsendable(Answer):
    """There was no attempt: something is wrong with the event itself, and
    others of its configuration may go on."""

    __slots__ = ()
    unavailable = False


class WebhookService:
    """Sends to one configuration's address. Connections are kept."""

    def __init__(self):
        self.session = requests.Session()
        self.session.trust_env = True

    def close(self):
        self.session.close()

    @staticmethod
    def headers(body, message_id, api_key=None, signing_secret=None, stream=None, sequence=None, now=None):
        """The headers of an event; body is what goes over the wire."""
        timestamp = int(time.time() if now is None else now)
        headers = {
            'Content-Type': 'application/json',
            'User-Agent': 'odoo_webhook_external_api',
            'webhook-id': message_id,
            'webhook-timestamp': str(timestamp),
        }
        if api_key:
            headers['Authorization'] = 'Bearer %s' % api_key
        if signing_secret:
            headers['webhook-signature'] = standard_signature(message_id, timestamp, body, signing_secret)
            headers['X-Webhook-Signature'] = guide_signature(json.loads(body), signing_secret)
        if sequence:
            headers['X-Webhook-Stream'] = stream
            headers['X-Webhook-Sequence'] = str(sequence)
        return headers

    def post(self, url, body, headers):
        """One attempt. A redirect is not followed: it would take the key along."""
        started = time.monotonic()

        def passed():
            return round((time.monotonic() - started) * 1000)
        if url_problem(url):
            return Answer(0, 'bad address', 0)
        try:
            with self.session.post(url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True) as r:
                text = r.raw.read(LONGEST_ANSWER, decode_content=True).decode('utf-8', 'replace').replace('\x00', '')
                wait = r.headers.get('Retry-After', '')
                return Answer(r.status_code, text, passed(), int(wait) if wait.isascii() and wait.isdigit() else 0)
        except requests.exceptions.Timeout:
            return Answer(0, 'timeout', passed())
        except requests.exceptions.SSLError:
            return Answer(0, 'TLS error', passed())
        except requests.exceptions.ConnectionError:
            return Answer(0, 'no connection', passed())
        except Exception as e:  # pylint: disable=broad-except
            # urllib3 has errors of its own; whatever it is, only this attempt failed.
            return Answer(0, type(e).__name__, passed())
