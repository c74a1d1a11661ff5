"""Collects what a transaction changes, and writes its events before the commit.

A record is read the moment it is first touched, as the database still has it,
and again right before the commit. Events come from the difference: so it does
not matter by which button, import or recomputation a state was reached, a write
that changes nothing that is sent tells nothing, and a rollback takes the events
with it, because they are rows of the same transaction.
"""

from odoo import api, models

KEY = "odoo_webhook_external_api"


class WebhookSource(models.AbstractModel):
    _name = "webhook.source"
    _description = "Record that webhooks tell of"

    # Stored fields that are sent, and whose change is an event.
    _webhook_fields = ()
    # Stored fields that are only looked at.
    _webhook_watched = ()
    # The one2many of the lines, its name in the payload, and pairs of a line's
    # field and its name there; None for no lines.
    _webhook_lines = None

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._webhook_touch(created=True)
        return records

    def write(self, vals):
        self._webhook_touch()
        return super().write(vals)

    def unlink(self):
        self._webhook_touch(lines=True)
        return super().unlink()

    def _compute_field_value(self, field):
        # Totals and payment states are recomputed without a write.
        if any(f.store and f.name in self._webhook_columns() for f in self.pool.field_computed.get(field, (field,))):
            self._webhook_touch()
        return super()._compute_field_value(field)

    @api.model
    def _webhook_columns(self):
        return tuple(self._webhook_fields) + tuple(self._webhook_watched)

    def _webhook_touch(self, created=False, lines=False):
        """Keeps what the records were before the transaction, once."""
        journal = self.env["webhook.config"]._journal(self._name)
        if journal is None:
            return
        fresh = [i for i in self._ids if isinstance(i, int) and i not in journal["before"]]
        if created:  # its lines, or its own recomputation, may have been quicker
            journal["before"].update(dict.fromkeys(self._ids))
        elif fresh:
            found = self._webhook_read(fresh)
            journal["before"].update((i, found[i]) for i in fresh if i in found)
        if self.env.context.get("odoosync_origin"):
            journal["daemon"].update(fresh)
        else:
            journal["daemon"].difference_update(self._ids)
        if lines and self._webhook_lines:
            journal["lines"].update(self._webhook_read_lines([i for i in self._ids if isinstance(i, int) and i not in journal["lines"]]))

    @api.model
    def _webhook_read(self, ids):
        """The records as the database has them now, by id. What is not written
        there yet is not seen: right before a change that is what it was."""
        names = [n for n in self._webhook_columns() if n in self._fields and self._fields[n].store and self._fields[n].column_type]
        self.env.cr.execute('SELECT id, %s FROM "%s" WHERE id IN %%s' % (", ".join('"%s"' % n for n in names), self._table), [tuple(ids)])
        return {row[0]: dict(zip(names, row[1:])) for row in self.env.cr.fetchall()}

    @api.model
    def _webhook_read_lines(self, ids):
        """The lines of the records as the database has them, by record."""
        if not ids:
            return {}
        one2many, _name, fields = self._webhook_lines
        field = self._fields[one2many]
        model = self.env[field.comodel_name]
        names = [n for n, _ in fields if model._fields[n].store]
        self.env.cr.execute('SELECT "%s", id, %s FROM "%s" WHERE "%s" IN %%s ORDER BY id' % (
            field.inverse_name, ", ".join('"%s"' % n for n in names), model._table, field.inverse_name), [tuple(ids)])
        out = {i: [] for i in ids}
        for row in self.env.cr.fetchall():
            out[row[0]].append(row[1:])
        return out

    def _webhook_told(self, before, after):
        """The event types of one record's change, without the model's name, the
        most telling last. before and after are what _webhook_read gave, None for
        a record that was not there."""
        if before is None:
            return ["created"]
        if after is None:
            return ["deleted"]
        return ["updated"]

    def _webhook_data(self, lines=True):
        """What is sent of one record."""
        self.ensure_one()
        data = {"id": self.id}
        for name in self._webhook_fields:
            if name in self._fields:
                data[name] = self._webhook_value(name)
        if "partner_id" in self._fields:
            data["partner_name"] = self.partner_id.name or None
        if lines and self._webhook_lines:
            one2many, told, fields = self._webhook_lines
            data[told] = [self._webhook_line(line, fields) for line in self[one2many]]
        return data

    @api.model
    def _webhook_line(self, line, fields):
        data = {"id": line.id, "product_name": line.product_id.name or None}
        for name, told in fields:
            value = line[name]
            data[told] = (value.id or None) if isinstance(value, models.BaseModel) else value
        return data

    def _webhook_value(self, name):
        return self._webhook_json(name, self[name])

    @api.model
    def _webhook_json(self, name, value):
        """A value as JSON has it: empty is null, times are UTC."""
        kind = self._fields[name].type
        if isinstance(value, models.BaseModel):
            return value.id or None
        if kind == "datetime":
            return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None
        if kind == "date":
            return value.isoformat() if value else None
        if kind == "boolean":
            return bool(value)
        if kind in ("float", "monetary"):
            return float(value or 0.0)
        return value if value or kind == "integer" else None


class WebhookLine(models.AbstractModel):
    _name = "webhook.line"
    _description = "Line of a record that webhooks tell of"

    _webhook_parent = None

    @api.model_create_multi
    def create(self, vals_list):
        ids = {v.get(self._webhook_parent) for v in vals_list}
        self._webhook_touch_parents(self._webhook_parents().browse(i for i in ids if i))
        return super().create(vals_list)

    def write(self, vals):
        self._webhook_touch_parents(self[self._webhook_parent])
        return super().write(vals)

    def unlink(self):
        self._webhook_touch_parents(self[self._webhook_parent])
        return super().unlink()

    def _compute_field_value(self, field):
        parents = self._webhook_parents()
        names = {n for n, _ in parents._webhook_lines[2]}
        if any(f.store and f.name in names for f in self.pool.field_computed.get(field, (field,))):
            self._webhook_touch_parents(self[self._webhook_parent])
        return super()._compute_field_value(field)

    @api.model
    def _webhook_parents(self):
        return self.env[self._fields[self._webhook_parent].comodel_name]

    @api.model
    def _webhook_touch_parents(self, parents):
        parents._webhook_touch(lines=True)
