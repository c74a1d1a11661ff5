{
    "name": "Webhooks vers API Externe",
    "version": "1.0.0",
    "category": "Technical",
    "summary": "Tells an external API of every change of orders, invoices, contacts and leads",
    "author": "odoosync",
    "license": "LGPL-3",
    "depends": ["sale", "account", "crm"],
    "data": [
        "security/ir.model.access.csv",
        "security/webhook_rules.xml",
        "data/ir_cron.xml",
        "views/webhook_delivery_views.xml",
        "views/webhook_config_views.xml",
    ],
    "application": True,
}
