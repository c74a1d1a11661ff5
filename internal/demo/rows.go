package demo

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"odoosync/internal/odoosim"
)

// statement is one step of an edit of rows, as the API's program makes it.
type statement struct {
	query string
	args  []any
}

// write runs statements in one transaction, as a foreign program.
func (e *editor) write(ctx context.Context, statements ...statement) error {
	return e.api.InTx(ctx, func(tx *sql.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(ctx, s.query, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

func do(query string, args ...any) statement { return statement{query, args} }

func (e *editor) newContact(ctx context.Context, n int) error {
	return e.write(ctx, do("INSERT INTO contacts (name, is_company, ref, city, country_code, vat) VALUES (?, 1, ?, ?, 'FR', 'FR 23 334 175 221')",
		fmt.Sprintf("Collège Camus %d", n), fmt.Sprintf("API-%d", n), any1(e, cities)))
}

func (e *editor) changedContact(ctx context.Context, n int) error {
	return e.write(ctx, do("UPDATE contacts SET street = ?, email = ? WHERE odoo_id = ?", fmt.Sprintf("%d rue du Port", n), fmt.Sprintf("ecole%d@ecole.example", n), any1(e, e.companies)))
}

func (e *editor) deletedContact(ctx context.Context, _ int) error {
	return e.write(ctx, do("UPDATE contacts SET deleted_at = UTC_TIMESTAMP() WHERE ref LIKE 'API-%' AND odoo_id IS NOT NULL AND deleted_at IS NULL ORDER BY id LIMIT 1"))
}

func (e *editor) newInvoice(ctx context.Context, n int) error {
	pupils := 20 + e.random.IntN(20)
	return e.write(ctx,
		do("INSERT INTO invoices (contact_id, ref, invoice_date, amount_total) SELECT id, ?, '2026-11-02', ? FROM contacts WHERE odoo_id = ?", fmt.Sprintf("API-%d", n), pupils*180, any1(e, e.contacts)),
		do(`INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) VALUES (LAST_INSERT_ID(), 0, 'Séjour à Rome', ?, 150, '["20%"]'), (LAST_INSERT_ID(), 1, 'Assurance', ?, 0, '[]')`, pupils, pupils))
}

// changedInvoice changes a line of an invoice the API made, adds one, and
// expects the total they come to.
func (e *editor) changedInvoice(ctx context.Context, n int) error {
	return e.write(ctx,
		do("SET @invoice = (SELECT MAX(id) FROM invoices WHERE ref LIKE 'API-%' AND state = 'draft')"),
		do("UPDATE invoice_lines SET quantity = quantity + 1 WHERE invoice_id = @invoice AND position = 0"),
		do(`INSERT INTO invoice_lines (invoice_id, position, name, quantity, price_unit, tax_codes) SELECT id, 10 + ?, ?, 1, 0, '[]' FROM invoices WHERE id = @invoice`, n, fmt.Sprintf("Guide %d", n)),
		do("UPDATE invoices SET amount_total = amount_total + 180 WHERE id = @invoice"))
}

func (e *editor) newLead(ctx context.Context, n int) error {
	return e.write(ctx, do("INSERT INTO leads (name, type, email, expected_revenue, source, tags) VALUES (?, 'lead', ?, 8000, 'Site web', '[\"Lycée\"]')",
		fmt.Sprintf("Classe de neige %d", n), fmt.Sprintf("demande%d@ecole.example", n)))
}

func (e *editor) wonLead(ctx context.Context, _ int) error {
	return e.write(ctx, do("UPDATE leads SET type = 'opportunity', status = 'won' WHERE status = 'open' AND odoo_id IS NOT NULL ORDER BY id DESC LIMIT 1"))
}

// both is an edit of different fields of one contact by both sides: both must
// survive.
type both struct {
	odooID        int64
	phone, street string
}

func (e *editor) mergeOfAContact(ctx context.Context, n int) error {
	b := both{odooID: e.rested(), phone: fmt.Sprintf("+33 6 %08d", n), street: fmt.Sprintf("%d quai de la Fosse", n)}
	e.say("  ⇄         both sides edit contact %d of Odoo: its phone there, its street here", b.odooID)
	err := e.write(ctx, do("UPDATE contacts SET street = ? WHERE odoo_id = ?", b.street, b.odooID))
	e.sim.Write("res.partner", b.odooID, odoosim.Values{"phone": b.phone})
	if err == nil {
		e.boths = append(e.boths, b)
	}
	return err
}

// conflictOfAContact: Odoo's city was changed a few seconds ago, and the webhook
// got lost; so the API does not know when it changes the city too. The newer
// edit wins, and the other value is kept.
func (e *editor) conflictOfAContact(ctx context.Context, n int) error {
	id := e.rested()
	e.say("  ⇄         both sides edit the city of contact %d of Odoo: there a few seconds ago, and the webhook was lost; here now", id)
	e.sim.Raw("res.partner", id, odoosim.Values{"city": fmt.Sprintf("Odoo-sur-Mer %d", n), "write_date": time.Now().UTC().Add(-5 * time.Second)})
	return e.write(ctx, do("UPDATE contacts SET city = ? WHERE odoo_id = ?", fmt.Sprintf("Bourg-en-Base %d", n), id))
}

// conflictOfAnInvoice: of invoices, Odoo's value wins.
func (e *editor) conflictOfAnInvoice(ctx context.Context, n int) error {
	id := any1(e, e.invoices)
	e.say("  ⇄         both sides edit the reference of invoice %d of Odoo", id)
	err := e.write(ctx, do("UPDATE invoices SET ref = ? WHERE odoo_id = ?", fmt.Sprintf("ici-%d", n), id))
	e.sim.Write("account.move", id, odoosim.Values{"ref": fmt.Sprintf("Odoo-%d", n)})
	return err
}
