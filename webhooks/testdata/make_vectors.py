"""Writes pyjson_vectors.json: payloads, what Python's json.dumps(sort_keys=True)
makes of them after reading them, and the guide's HMAC of that text."""
import hashlib
import hmac
import json
import random

random.seed(20250122)
SECRET = "geheim-Schlüssel"


def text():
    alphabet = "abcXYZ 019\"\\/\n\t\r\x7f\x01éÀ€ßœ漢字😀🏫\u2028\ufffd"
    return "".join(random.choice(alphabet) for _ in range(random.randrange(12)))


def number():
    kind = random.randrange(5)
    if kind == 0:
        return str(random.randrange(-10**6, 10**6))
    if kind == 1:
        return str(random.randrange(-10**30, 10**30))
    if kind == 2:
        return "%.2f" % random.uniform(-10**6, 10**6)
    if kind == 3:
        return "%de%d" % (random.randrange(-99, 99), random.randrange(-320, 300))
    return repr(random.uniform(-1, 1) * 10 ** random.randrange(-20, 20))


def value(depth):
    kind = random.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return random.choice(["null", "true", "false"])
    if kind in (1, 2):
        return number()
    if kind in (3, 4):
        return json.dumps(text(), ensure_ascii=random.random() < 0.5)
    if kind == 5:
        return "[" + ",".join(value(depth + 1) for _ in range(random.randrange(4))) + "]"
    keys = {text() for _ in range(random.randrange(5))}
    return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + value(depth + 1) for k in keys) + "}"


FIXED = [
    '{"amount_total": 5000.00, "name": "École Primaire"}',
    '{"b": 1, "a": {"d": [1.0, 1e16, 1e-5, 0.0001, 123456789012345680.0, -0.0, -0], "c": "\\ud83c\\udfeb"}}',
    '{"big": 123456789012345678901234567890, "e": 1E5, "f": 1e22, "g": 0.1, "h": 2.5e-324}',
    '{"\\u00e9": 1, "z": 2, "e": 3, "\\ud83d\\ude00": 4, "\\uffff": 5, "/": "/", "tab": "\\t\\b\\f"}',
    "[]", "{}", '""', "0", "1.0", "[[[[]]]]",
]

vectors = []
for source in FIXED + [value(0) for _ in range(400)]:
    dumped = json.dumps(json.loads(source), sort_keys=True)
    if "Infinity" in dumped:
        continue
    vectors.append({
        "source": source,
        "dumped": dumped,
        "hmac": hmac.new(SECRET.encode(), dumped.encode(), hashlib.sha256).hexdigest(),
    })
with open("pyjson_vectors.json", "w") as f:
    json.dump({"secret": SECRET, "vectors": vectors}, f, indent=1)
