from . import webhook_config, webhook_delivery, webhook_source
from . import account_move, crm_lead, res_partner, sale_order
