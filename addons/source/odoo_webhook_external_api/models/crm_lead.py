from odoo import models, tools


class CrmLead(models.Model):
    _name = 'crm.lead'
    _inherit = ['crm.lead', 'webhook.source']

    _webhook_fields = (
        'name', 'type', 'partner_id', 'contact_name', 'email_from', 'phone', 'probability', 'expected_revenue',
        'street', 'zip', 'city', 'description', 'date_conversion', 'user_id', 'company_id', 'active',
    )
    # Odoo's partner_name is the company's name in a lead; the guide's is the contact's.
    _webhook_private = ('partner_name', 'stage_id', 'country_id', 'team_id', 'source_id', 'medium_id', 'campaign_id', 'lost_reason_id')
    _webhook_names = {
        'partner_name': ('partner_id', 'res.partner', 'name'),
        'stage': ('stage_id', 'crm.stage', 'name'),
        'country_code': ('country_id', 'res.country', 'code'),
        'salesperson': ('user_id', 'res.users', 'login'),
        'team': ('team_id', 'crm.team', 'name'),
        'source': ('source_id', 'utm.source', 'name'),
        'medium': ('medium_id', 'utm.medium', 'name'),
        'campaign': ('campaign_id', 'utm.campaign', 'name'),
        'lost_reason': ('lost_reason_id', 'crm.lost.reason', 'name'),
    }
    _webhook_tags = ('tags', 'tag_ids')
    _webhook_deleted = False  # the guide has no event for it

    def _webhook_specific(self, before, now):
        kinds = []
        if before and before.get('type') == 'lead' and now.get('type') == 'opportunity':
            kinds.append('converted')
        if self._webhook_won(now) and not (before and self._webhook_won(before)):
            kinds.append('won')
        return kinds

    def _webhook_won(self, snapshot):
        return (snapshot.get('probability') or 0) >= 100 and snapshot.get('stage_id') in self._webhook_won_stages()

    def _webhook_won_stages(self):
        stages = self.env['crm.stage'].sudo()
        return stages.search([('is_won', '=', True)])._ids

    def _webhook_complete(self, data, snapshot, before):
        data['company_name'] = snapshot.get('partner_name')
        data['status'] = self._webhook_status(snapshot)
        if before:
            old = {'company_name': before.get('partner_name'), 'status': self._webhook_status(before)}
            changed = {key: value for key, value in old.items() if value != data[key]}
            if changed:
                data.setdefault('old_values', {}).update(changed)
        return data

    def _webhook_status(self, snapshot):
        if self._webhook_won(snapshot):
            return 'won'
        if not snapshot.get('active') and tools.float_is_zero(snapshot.get('probability') or 0, precision_digits=2):
            return 'lost'
        return 'open'
