"""From noted changes to rows of the outbox, right before the commit."""

import json
import uuid
from datetime import datetime

from psycopg2.extras import execute_values

from . import changes, payloads, snapshots

ROUNDS = 10  # building a payload may recompute something that is told, too
BATCH = 1000
LONGEST_BODY = 900_000  # bytes; a receiver takes 1 MiB


def write(env):
    """Write the events of all that was touched since the last time."""
    noted = changes.of(env.cr)
    for _round in range(ROUNDS):
        env.flush_all()
        dirty = noted.take()
        if not dirty:
            return
        for model, ids in dirty.items():
            for start in range(0, len(ids), BATCH):
                _write_model(env[model], noted, ids[start:start + BATCH])


def _write_model(model, noted, ids):
    routes = model.env['webhook.config']._routes().get(model._name, ())
    if not routes:
        return
    notes = {i: noted.of(model._name)[i] for i in ids}
    now = snapshots.read(model, ids)
    kinds = {i: derive(model, notes[i], now.get(i)) for i in ids}
    told = [i for i in ids if kinds[i]]
    data = payloads.build(model, {i: now[i] for i in told if i in now}, notes)
    stamp = datetime.utcnow().strftime('%Y-%m-%dT%H:%M:%SZ')
    rows = []
    for record_id in told:
        note = notes[record_id]
        state = now.get(record_id) or note.before
        for config, kind in route(model, routes, kinds[record_id], state):
            event = '%s.%s' % (model._name, kind)
            payload = {'event': event, 'timestamp': stamp, 'data': dict(data.get(record_id) or {'id': record_id, **note.extra})}
            if note.origin:
                payload['origin'] = note.origin
            rows.append((note, (config, event, model._name, record_id, body(payload), str(uuid.uuid4()),
                                note.origin or None, state.get('company_id'), note.extra.get('merged_into') if kind == 'deleted' else None)))
    _store(model.env, noted, notes.values(), rows)


def body(payload):
    """The text of an event. What makes it too long is left out: absent means
    unknown, and the receiver reads the record."""
    text = json.dumps(payload)
    data = payload['data']
    while len(text) > LONGEST_BODY:
        del data[max((key for key in data if key != 'id'), key=lambda key: len(json.dumps(data[key])))]
        text = json.dumps(payload)
    return text


def derive(model, note, now):
    """The kinds of events that became of a record, the specific ones first."""
    before = note.before
    if now is None:
        return ['deleted'] if before and model._webhook_deleted and model._webhook_concerns(before) else []
    if not model._webhook_concerns(now):
        return []
    if note.created or before is None:
        return ['created', *model._webhook_specific(None, now)]
    specific = model._webhook_specific(before, now)
    if specific:
        return specific
    changed = before.values != now.values or before.lines != now.lines or before.tags != now.tags
    return ['updated'] if changed else []


def route(model, routes, kinds, snapshot):
    """Which configuration is told which of the events."""
    for r in routes:
        if r.company and snapshot.get('company_id') and snapshot.get('company_id') != r.company:
            continue
        if r.move_types and snapshot.get('move_type') not in r.move_types:
            continue
        wanted = [k for k in kinds if k in r.events]
        # Who chose no state changes still hears that something was changed.
        if not wanted and 'updated' in r.events and 'created' not in kinds and 'deleted' not in kinds:
            wanted = ['updated']
        for kind in wanted:
            yield r.config, kind


def _store(env, noted, notes, rows):
    """Write the rows in place of those that this transaction wrote before."""
    cr = env.cr
    stale = [row for note in notes for row in note.rows]
    if stale:
        cr.execute("DELETE FROM webhook_delivery WHERE id IN %s AND state = 'pending' AND attempts = 0", [tuple(stale)])
    for note in notes:
        note.rows = []
    if not rows:
        return
    ids = execute_values(
        cr._obj, """
        INSERT INTO webhook_delivery
            (config_id, event, model, res_id, payload, message_id, origin, company_id, merged_into,
             state, attempts, sequence, create_uid, create_date, write_uid, write_date)
        VALUES %s RETURNING id""", [values for _note, values in rows],
        template="""(%s, %s, %s, %s, %s, %s, %s, %s, %s,
            'pending', 0, 0, 1, now() at time zone 'UTC', 1, now() at time zone 'UTC')""",
        page_size=BATCH, fetch=True)
    for (note, _values), (row,) in zip(rows, ids):
        note.rows.append(row)
    env['webhook.delivery']._wake(noted)
