from odoo import api, models

from ..services import changes

# Where a contact stands on what is told; a merge repoints these by SQL.
POINTERS = (('res.partner', 'parent_id'), ('sale.order', 'partner_id'), ('account.move', 'partner_id'), ('crm.lead', 'partner_id'))


class ResPartner(models.Model):
    _name = 'res.partner'
    _inherit = ['res.partner', 'webhook.source']

    _webhook_fields = (
        'name', 'email', 'phone', 'mobile', 'street', 'street2', 'zip', 'city', 'vat', 'siret', 'company_registry',
        'ref', 'lang', 'type', 'is_company', 'parent_id', 'company_id', 'active',
    )
    _webhook_private = ('state_id', 'country_id')
    _webhook_names = {
        'parent_name': ('parent_id', 'res.partner', 'name'),
        'state_code': ('state_id', 'res.country.state', 'code'),
        'country_code': ('country_id', 'res.country', 'code'),
    }

    def _webhook_concerns(self, snapshot):
        # 16 keeps the home addresses of employees as contacts of this type.
        return snapshot.get('type') != 'private'


class MergePartners(models.TransientModel):
    _inherit = 'base.partner.merge.automatic.wizard'

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        touched = self._webhook_touch_pointers(src_partners)
        if src_partners._webhook_told():
            src_partners._webhook_touch(src_partners._webhook_origin())
            notes = changes.of(self.env.cr).of('res.partner')
            for partner in src_partners:
                notes[partner.id].extra['merged_into'] = dst_partner.id
        result = super()._update_foreign_keys(src_partners, dst_partner)
        for records in touched:
            records._webhook_touch()
        return result

    @api.model
    def _webhook_touch_pointers(self, partners):
        """Touch what points at the partners; the merge does it by SQL."""
        touched = []
        for model, field in POINTERS:
            source = self.env[model]
            if source._webhook_told() and partners.ids:
                self.env.flush_all()
                self.env.cr.execute('SELECT id FROM "%s" WHERE "%s" IN %%s' % (source._table, field), [tuple(partners.ids)])
                records = source.browse(row[0] for row in self.env.cr.fetchall())
                records._webhook_touch(source._webhook_origin())
                touched.append(records)
        return touched
