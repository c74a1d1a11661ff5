"""What a record is in the database, as far as it is told.

Read by SQL: it sees what was flushed and nothing else, and it starts no
recomputation in the middle of one. So a snapshot taken in a hook is the record
before the hook's change.
"""

import hashlib
from datetime import date, datetime


class Lines:
    """The lines of a record: their payload key, field, and what is told of each."""

    def __init__(self, key, field, fields, names, technical=()):
        self.key = key              # the guide's name of the list
        self.field = field          # Odoo's
        self.fields = fields        # payload key -> field of the line
        self.names = names          # payload key -> (payload key of the id, model, field)
        self.technical = technical  # kinds of lines that are no lines of the document


class Snapshot:
    __slots__ = ('values', 'lines', 'tags')

    def __init__(self, values):
        self.values = values
        self.lines = []
        self.tags = []

    def get(self, name):
        return self.values.get(name)


def stored(model, names):
    """Those of the fields that this Odoo has as columns."""
    fields = model._fields
    return [n for n in names if n in fields and fields[n].store and fields[n].column_type]


def watched(model):
    """The fields whose change makes an event."""
    cls = type(model)
    found = cls.__dict__.get('_webhook_watched_names')
    if found is None:
        found = set(stored(model, model._webhook_fields + model._webhook_private))
        if model._webhook_tags:
            found.add(model._webhook_tags[1])
        found = cls._webhook_watched_names = frozenset(found)
    return found


def watched_lines(model):
    """The fields of a line whose change makes an event of its record."""
    lines = model._webhook_lines
    field = model._fields[lines.field]
    return frozenset(lines.fields.values()) | {field.inverse_name, 'sequence', 'display_type'}


def read(model, ids):
    """The snapshots of those records that exist, by id."""
    cr = model.env.cr
    names = stored(model, model._webhook_fields + model._webhook_private)
    columns = ', '.join('"%s"' % n for n in ['id'] + names)
    cr.execute('SELECT %s FROM "%s" WHERE id IN %%s' % (columns, model._table), [tuple(ids)])
    found = {row[0]: Snapshot(dict(zip(names, row[1:]))) for row in cr.fetchall()}
    if found and model._webhook_lines:
        _read_lines(model, found)
    if found and model._webhook_tags:
        _read_tags(model, found)
    return found


def _read_lines(model, found):
    lines = model._webhook_lines
    field = model._fields[lines.field]
    child = model.env[field.comodel_name]
    told = {key: name for key, name in lines.fields.items() if stored(child, [name])}
    columns = ', '.join('"%s"' % n for n in [field.inverse_name, 'id', *told.values()])
    model.env.cr.execute(
        'SELECT %s FROM "%s" WHERE "%s" IN %%s AND (display_type IS NULL OR display_type NOT IN %%s) ORDER BY sequence, id'
        % (columns, child._table, field.inverse_name),
        [tuple(found), lines.technical or ('',)],
    )
    for row in model.env.cr.fetchall():
        found[row[0]].lines.append(dict(zip(['id', *told], row[1:])))


def _read_tags(model, found):
    field = model._fields[model._webhook_tags[1]]
    model.env.cr.execute(
        'SELECT "%s", "%s" FROM "%s" WHERE "%s" IN %%s ORDER BY 2' % (field.column1, field.column2, field.relation, field.column1),
        [tuple(found)],
    )
    for record_id, tag in model.env.cr.fetchall():
        found[record_id].tags.append(tag)


def versions(model, lock=False):
    """The version of each record as a text, by id; with lock until the commit."""
    if not model._ids:
        return {}
    cr = model.env.cr
    # As strong as any UPDATE or DELETE needs it, and no stronger: new records
    # may still point at these.
    locked = ' FOR NO KEY UPDATE' if lock else ''
    stamp = "coalesce(write_date, create_date, 'epoch')::timestamp(6)::text"
    cr.execute('SELECT id, %s FROM "%s" WHERE id IN %%s ORDER BY id%s' % (stamp, model._table, locked), [model._ids])
    found = dict(cr.fetchall())
    if found and model._webhook_lines:
        field = model._fields[model._webhook_lines.field]
        table = model.env[field.comodel_name]._table
        cr.execute('SELECT "%s", id, %s FROM "%s" WHERE "%s" IN %%s ORDER BY id%s'
                   % (field.inverse_name, stamp, table, field.inverse_name, locked), [tuple(found)])
        prints = {i: hashlib.md5(usedforsecurity=False) for i in found}
        for parent, line, written in cr.fetchall():
            prints[parent].update(('%d %s\n' % (line, written)).encode())
        found = {i: '%s/%s' % (text, prints[i].hexdigest()) for i, text in found.items()}
    return found


def plain(value, kind=None):
    """A column's value as the payload says it; kind is the field's type."""
    if value is None:
        return {'boolean': False, 'float': 0.0, 'monetary': 0.0, 'integer': 0}.get(kind)
    if isinstance(value, datetime):
        return value.strftime('%Y-%m-%dT%H:%M:%SZ')
    if isinstance(value, date):
        return value.isoformat()
    return value
