from . import test_config
from . import test_delivery
from . import test_events
from . import test_invoices
from . import test_rpc
from . import test_service
from . import test_write
