"""What the receiver is told, built once per record and for many at a time."""

from .snapshots import plain


def build(model, snapshots, notes):
    """The data of the records, by id."""
    out = {}
    for company, ids in _by_company(snapshots).items():
        some = {i: snapshots[i] for i in ids}
        environment = _environment(model, company)
        names = _Names(environment, model, some, {i: notes[i] for i in ids})
        for record_id, snapshot in some.items():
            data = _values(model, record_id, snapshot, names)
            old = _old_values(model, notes[record_id].before, snapshot, names)
            if old:
                data['old_values'] = old
            data.update(notes[record_id].extra)
            out[record_id] = model._webhook_complete(data, snapshot, notes[record_id].before)
    return out


def _by_company(snapshots):
    companies = {}
    for record_id, snapshot in snapshots.items():
        companies.setdefault(snapshot.get('company_id'), []).append(record_id)
    return companies


def _environment(model, company_id):
    """As superuser in the record's company and, for names that are
    translated, in its language."""
    env = model.env
    context = {'active_test': False, 'prefetch_fields': False}
    if company_id:
        context['allowed_company_ids'] = [company_id]
        if model._webhook_lines or model._webhook_tags:
            lang = env['res.company'].browse(company_id).partner_id.lang
            if lang:
                context['lang'] = lang
    return env(context=context)


class _Names:
    """Names of the records that a batch points at, each model read once."""

    def __init__(self, env, model, snapshots, notes):
        self.found = {}
        wanted = {}
        states = [*snapshots.values(), *(n.before for n in notes.values() if n.before)]
        for field, comodel, name in model._webhook_names.values():
            if field in model._fields and comodel in env and name in env[comodel]._fields:
                wanted.setdefault((comodel, name), set()).update(s.get(field) for s in states)
        if model._webhook_lines:
            for key, comodel, name in model._webhook_lines.names.values():
                wanted.setdefault((comodel, name), set()).update(line.get(key) for s in states for line in s.lines)
        if model._webhook_tags:
            comodel = model._fields[model._webhook_tags[1]].comodel_name
            wanted.setdefault((comodel, 'name'), set()).update(tag for s in states for tag in s.tags)
        for (comodel, name), ids in wanted.items():
            self._read(env[comodel], name, ids - {None})

    def _read(self, model, name, ids):
        if not ids:
            return
        # An old line may name what this transaction deleted.
        for record in model.browse(sorted(ids)).exists():
            self.found[model._name, name, record.id] = record[name] or None

    def get(self, model, name, record_id):
        return self.found.get((model, name, record_id))


def _values(model, record_id, snapshot, names):
    data = {'id': record_id}
    for name in model._webhook_fields:
        if name in snapshot.values:
            data[name] = plain(snapshot.values[name], model._fields[name].type)
    for key, (field, comodel, name) in model._webhook_names.items():
        if field in snapshot.values:
            data[key] = names.get(comodel, name, snapshot.values[field])
    if model._webhook_lines:
        data[model._webhook_lines.key] = _lines(model, snapshot, names)
    if model._webhook_tags:
        data[model._webhook_tags[0]] = _tags(model, snapshot, names)
    return data


def _lines(model, snapshot, names):
    out = []
    child = model.env[model._fields[model._webhook_lines.field].comodel_name]
    kinds = {key: child._fields[name].type for key, name in model._webhook_lines.fields.items() if name in child._fields}
    for line in snapshot.lines:
        told = {key: plain(value, kinds.get(key)) for key, value in line.items()}
        for key, (of, comodel, name) in model._webhook_lines.names.items():
            if of in line:
                told[key] = names.get(comodel, name, line[of])
        out.append(told)
    return out


def _tags(model, snapshot, names):
    comodel = model._fields[model._webhook_tags[1]].comodel_name
    return [names.get(comodel, 'name', tag) for tag in snapshot.tags]


def _old_values(model, before, now, names):
    """What the changed fields were."""
    if before is None:
        return {}
    old = {}
    for name in model._webhook_fields:
        if name in now.values and before.get(name) != now.get(name):
            old[name] = plain(before.get(name), model._fields[name].type)
    for key, (field, comodel, name) in model._webhook_names.items():
        if field in model._webhook_private and before.get(field) != now.get(field):
            old[key] = names.get(comodel, name, before.get(field))
    if model._webhook_lines and before.lines != now.lines:
        old[model._webhook_lines.key] = _lines(model, before, names)
    if model._webhook_tags and before.tags != now.tags:
        old[model._webhook_tags[0]] = _tags(model, before, names)
    return old
