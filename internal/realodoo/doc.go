// Package realodoo runs a real Odoo for tests: a checkout of Odoo's source, a
// PostgreSQL of its own below one folder, reached by a socket there and by
// nothing else, and Odoo on a free port of the loopback. Mail goes nowhere and
// no call leaves the machine.
//
// It needs PostgreSQL's programs (Debian's postgresql, found under
// /usr/lib/postgresql, or ODOO_POSTGRES names their folder) and a python3 that
// has what Odoo's requirements.txt lists (ODOO_PYTHON names another one). Both
// servers die with the process that started them.
package realodoo
