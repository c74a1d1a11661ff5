"""Models whose changes are told, and the lines that belong to them."""

from odoo import SUPERUSER_ID, api, models

from ..services import changes, events, snapshots

ORIGIN = 'odoosync_origin'  # the context key by which the daemon marks its writes
LONGEST_ORIGIN = 32


class WebhookSource(models.AbstractModel):
    _name = 'webhook.source'
    _description = 'Records whose changes are told'

    # What is told: fields of the model (those that this Odoo has), names of the
    # records they point at, a list of lines, a list of tags.
    _webhook_fields = ()
    _webhook_private = ()  # compared and used for names, but not told themselves
    _webhook_names = {}    # payload key -> (field, model, field of that)
    _webhook_lines = None  # a snapshots.Lines
    _webhook_tags = None   # (payload key, many2many field)
    _webhook_deleted = True  # the guide has an event for deletions

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self._webhook_told():
            notes = changes.of(self.env.cr).of(self._name)
            for record_id in records.ids:
                note = notes.setdefault(record_id, changes.Note())
                note.before, note.created = None, True
            records._webhook_dirty(self._webhook_origin())
        return records

    # Each hook touches before and after: a savepoint in the middle looks at what
    # is touched by then, and would find nothing changed yet.

    def write(self, vals):
        if not self._webhook_told() or self._webhook_watched().isdisjoint(vals):
            return super().write(vals)
        self._webhook_touch(self._webhook_origin())
        result = super().write(vals)
        self._webhook_touch()
        return result

    def unlink(self):
        if not self._webhook_told():
            return super().unlink()
        self._webhook_touch(self._webhook_origin())
        result = super().unlink()
        self._webhook_touch()
        return result

    def _compute_field_value(self, field):
        # Totals and payment states are recomputed past write().
        if not field.store or not self._webhook_told() or \
                self._webhook_watched().isdisjoint(f.name for f in self.pool.field_computed[field]):
            return super()._compute_field_value(field)
        self._webhook_touch()
        result = super()._compute_field_value(field)
        self._webhook_touch()
        return result

    @api.model
    def _webhook_told(self):
        """The active configurations of this model."""
        return self.env['webhook.config']._routes().get(self._name, ())

    @api.model
    def _webhook_origin(self):
        """Who writes: '' for people, what the context says otherwise."""
        origin = self.env.context.get(ORIGIN)
        return origin[:LONGEST_ORIGIN] if isinstance(origin, str) else ''

    @api.model
    def _webhook_watched(self):
        return snapshots.watched(self)

    def _webhook_touch(self, origin=None):
        """Note what self's records are before this transaction changes them."""
        ids = [i for i in self._ids if isinstance(i, int)]
        if not ids:
            return
        notes = changes.of(self.env.cr).of(self._name)
        unknown = [i for i in ids if i not in notes]
        if unknown:
            found = snapshots.read(self, unknown)
            for record_id in unknown:
                notes[record_id] = changes.Note(before=found.get(record_id))
        self.browse(ids)._webhook_dirty(origin)

    def _webhook_dirty(self, origin=None):
        """Have self looked at before the commit."""
        noted = changes.of(self.env.cr)
        noted.dirty.setdefault(self._name, set()).update(self._ids)
        if origin is not None:
            notes = noted.of(self._name)
            for record_id in self._ids:
                notes[record_id].origins.add(origin)
        self._webhook_schedule()

    def _webhook_schedule(self):
        env = self.env(user=SUPERUSER_ID, su=True, context={})
        changes.schedule(env.cr, lambda: events.write(env))

    # What a model says of its events.

    @api.model
    def _webhook_concerns(self, snapshot):
        """Whether a record in this state is told at all."""
        return True

    @api.model
    def _webhook_specific(self, before, now):
        """The events that the difference of states is, besides updated.
        before is None for a new record."""
        return []

    @api.model
    def _webhook_complete(self, data, snapshot, before):
        """Add what only this model tells."""
        return data

    # Compare and set, for the daemon.

    def odoosync_write_date(self):
        """The version of each record: its write_date to the microsecond and,
        for a record with lines, a fingerprint of theirs. To be compared only."""
        self._webhook_check('read')
        self.env.flush_all()
        found = self._webhook_versions()
        return [{'id': i, 'write_date': found[i]} for i in self.ids if i in found]

    def odoosync_write(self, values, expected_write_date, token=None):
        """Write if the record is still the expected version, under its lock.

        The token makes the write once: asked for again it does nothing, and
        answers as it did then. odoosync_written tells whether it was made.

        A concurrent transaction that committed first makes PostgreSQL refuse the
        lock; Odoo then runs the call again, and it finds the newer version.
        """
        self.ensure_one()
        written = self.env['webhook.written']
        if token is not None:
            written._check_token(token)
        self._webhook_check('write')
        self.env.flush_all()
        found = self._webhook_versions(lock=True).get(self.id, False)
        made = token is not None and written._as(self, token)
        if made:
            return {'written': True, 'write_date': made}
        if not found or found != expected_write_date:
            return {'written': False, 'write_date': found}
        marked = self if self._webhook_origin() else self.with_context(**{ORIGIN: 'daemon'})
        marked.write(values)
        self.env.flush_all()
        version = self._webhook_versions().get(self.id, False)
        if token is not None and version:
            written._remember(self, token, version)
        return {'written': True, 'write_date': version}

    def odoosync_written(self, token):
        """The version that the token's write left the record with; False where
        no such write was made."""
        self.ensure_one()
        self.env['webhook.written']._check_token(token)
        self._webhook_check('read')
        return self.env['webhook.written']._as(self, token)

    def _webhook_check(self, operation):
        """The caller's access rights apply."""
        records = self.exists()
        if hasattr(records, 'check_access'):  # 18 and later
            records.check_access(operation)
        else:
            records.check_access_rights(operation)
            records.check_access_rule(operation)

    def _webhook_versions(self, lock=False):
        return snapshots.versions(self, lock)


class WebhookSourceLine(models.AbstractModel):
    _name = 'webhook.source.line'
    _description = 'Lines of records whose changes are told'

    _webhook_parent = ''  # the field of the record they belong to

    @api.model_create_multi
    def create(self, vals_list):
        told = self._webhook_parents_told()
        if told:
            parent = self._webhook_parent
            default = self.env.context.get('default_%s' % parent)
            ids = {vals.get(parent, default) for vals in vals_list}
            self._webhook_touch_parents(i for i in ids if i)
        records = super().create(vals_list)
        if told:
            self._webhook_touch_parents(records[self._webhook_parent].ids)
        return records

    def write(self, vals):
        if not self._webhook_parents_told() or self._webhook_watched().isdisjoint(vals):
            return super().write(vals)
        parents = self[self._webhook_parent].ids + [vals.get(self._webhook_parent)]
        self._webhook_touch_parents(parents)
        result = super().write(vals)
        self._webhook_touch_parents(parents)
        return result

    def unlink(self):
        if not self._webhook_parents_told():
            return super().unlink()
        parents = self[self._webhook_parent].ids
        self._webhook_touch_parents(parents)
        result = super().unlink()
        self._webhook_touch_parents(parents)
        return result

    def _compute_field_value(self, field):
        if not field.store or not self._webhook_parents_told() or \
                self._webhook_watched().isdisjoint(f.name for f in self.pool.field_computed[field]):
            return super()._compute_field_value(field)
        parents = self.filtered('id')[self._webhook_parent].ids
        self._webhook_touch_parents(parents, recomputed=True)
        result = super()._compute_field_value(field)
        self._webhook_touch_parents(parents, recomputed=True)
        return result

    @api.model
    def _webhook_source(self):
        return self.env[self._fields[self._webhook_parent].comodel_name]

    @api.model
    def _webhook_parents_told(self):
        return self._webhook_source()._webhook_told()

    @api.model
    def _webhook_watched(self):
        return snapshots.watched_lines(self._webhook_source())

    @api.model
    def _webhook_touch_parents(self, ids, recomputed=False):
        source = self._webhook_source()
        parents = source.browse(i for i in ids if i and isinstance(i, int))
        if not recomputed:
            self._webhook_lock(parents)
        parents._webhook_touch(None if recomputed else source._webhook_origin())

    @api.model
    def _webhook_lock(self, parents):
        """Have those who edit lines of one record wait for one another.

        Two transactions may change two lines and leave their record alone. Then
        the one that commits last would tell of the lines as they were before the
        other. With this it waits, fails, and is run again by Odoo, as if both had
        changed the record; and the ids of its events are the order of the commits.
        """
        # A savepoint that is rolled back lets the locks go, and empties this with it.
        locked = self.env.cr.precommit.data.setdefault('odoo_webhook_external_api.locked', {}).setdefault(parents._name, set())
        unknown = [i for i in parents.ids if i not in locked]
        if unknown:
            locked.update(unknown)
            self.env.cr.execute(
                'UPDATE "%(table)s" SET write_date = write_date WHERE id IN (SELECT id FROM "%(table)s" WHERE id IN %%s ORDER BY id FOR NO KEY UPDATE)'
                % {'table': parents._table}, [tuple(unknown)])
