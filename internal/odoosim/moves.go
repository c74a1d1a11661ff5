package odoosim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unmodifiable are the fields that Odoo 18 and later refuse on a posted entry,
// even with the value it has; 16 and 17 take them (account_move.py, write).
var unmodifiable = []string{"currency_id", "date", "fiscal_position_id", "invoice_cash_rounding_id", "invoice_date", "invoice_line_ids",
	"invoice_payment_term_id", "line_ids", "partner_id"}

// moveDefaults are what an invoice gets from the user, the company and the
// customer. A column that is there but empty stays empty.
func (r *request) moveDefaults(v Values) {
	absent(v, "move_type", "entry")
	absent(v, "company_id", r.company(v))
	kind := "general"
	if sale(v["move_type"]) {
		kind = "sale"
		absent(v, "invoice_user_id", int64(2))
	}
	absent(v, "journal_id", r.s.first("account.journal", Values{"type": kind, "company_id": v["company_id"]}))
	if company, ok := v["company_id"].(int64); ok {
		absent(v, "currency_id", r.s.table("res.company").rows[company].get("currency_id"))
	}
	if partner, ok := v["partner_id"].(int64); ok {
		absent(v, "invoice_payment_term_id", r.s.table("res.partner").rows[partner].get("property_payment_term_id"))
	}
	today := r.s.clock.Now().UTC()
	if !blank(v["invoice_date"]) {
		absent(v, "date", v["invoice_date"])
	}
	absent(v, "date", today.Format(time.DateOnly))
	due, sent := v["invoice_date_due"]
	_, termed := v["invoice_payment_term_id"].(int64)
	if !sent || blank(due) || termed && r.s.o.Version < 18 { // 16 and 17 know better than a due date with a term
		v["invoice_date_due"] = r.s.due(v, today)
	}
}

func sale(kind any) bool { return kind == "out_invoice" || kind == "out_refund" }

// due is when an invoice is to be paid: some days after its date by its term,
// else today. A term's name begins with its days.
func (s *Server) due(v map[string]any, today time.Time) string {
	term, _ := v["invoice_payment_term_id"].(int64)
	name, _ := s.table("account.payment.term").rows[term].get("name").(string)
	if name == "" {
		return today.Format(time.DateOnly)
	}
	days, _, _ := strings.Cut(name, " ")
	n, err := strconv.Atoi(days)
	if err != nil {
		n = 0 // at once
	}
	from := today
	if text, ok := v["invoice_date"].(string); ok {
		if at, err := time.Parse(time.DateOnly, text); err == nil {
			from = at
		}
	}
	return from.AddDate(0, 0, n).Format(time.DateOnly)
}

// settleMove recomputes what hangs on a changed field. A due date that comes
// with the change is kept, on every version.
func (r *request) settleMove(t *tx, id int64, before *row, v Values) {
	self, more := r.s.table(r.model).rows[id], Values{}
	if before == nil {
		if r.s.o.Version == 16 && sale(self.get("move_type")) && self.get("name") == "/" && t.lastNamed(self) == "" {
			t.write(r.model, id, Values{"name": t.nextName(self)}) // a journal's first draft has its number already
		}
		return
	}
	_, termed := v["invoice_payment_term_id"]
	_, dated := v["invoice_date_due"]
	if partner, moved := v["partner_id"].(int64); moved && !termed && before.get("partner_id") != partner {
		more["invoice_payment_term_id"] = canonical(r.s.table("res.partner").rows[partner].get("property_payment_term_id"))
		termed = true
	}
	term := self.get("invoice_payment_term_id")
	if termed && more["invoice_payment_term_id"] != nil {
		term = more["invoice_payment_term_id"]
	}
	_, redated := v["invoice_date"]
	if !dated && term != false && (termed || redated) {
		more["invoice_date_due"] = r.s.due(map[string]any{"invoice_payment_term_id": term, "invoice_date": self.get("invoice_date")}, t.at)
	}
	if len(more) > 0 {
		t.write(r.model, id, more)
	}
}

// frozen refuses to change a posted entry as the version does.
func (s *Server) frozen(model string, self *row, v Values, commands []command) error {
	if model != "account.move" || self.get("state") != "posted" {
		return nil
	}
	if journal, sent := v["journal_id"]; sent && journal != self.get("journal_id") {
		return &fault{2, s.since("You cannot edit the journal of an account move if it has been posted once.", 18,
			"You cannot edit the journal of an account move if it has been posted once, unless the name is removed or set to \"/\". This might create a gap in the sequence.")}
	}
	if name, sent := v["name"].(string); sent && s.taken(self, name) {
		return &fault{2, "The operation cannot be completed: Another entry with the same name already exists."}
	}
	if s.o.Version < 18 || v["state"] != nil && v["state"] != "posted" {
		return nil
	}
	var names []string
	for _, name := range unmodifiable {
		_, sent := v[name]
		if sent || slices.ContainsFunc(commands, func(c command) bool { return c.field == name }) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &fault{2, "You cannot modify the following readonly fields on a posted move: " + strings.Join(names, ", ")}
}

// taken reports a name that another posted entry of the journal has.
func (s *Server) taken(self *row, name string) bool {
	for id, r := range s.table("account.move").rows {
		if id != self.get("id") && r.get("name") == name && name != "/" && r.get("state") == "posted" && r.get("journal_id") == self.get("journal_id") {
			return true
		}
	}
	return false
}

// validMove judges a new invoice.
func (r *request) validMove(v Values) error {
	if v["state"] == "posted" {
		return &fault{2, "You cannot create a move already in the posted state. Please create a draft move and post it after."}
	}
	journal, _ := v["journal_id"].(int64)
	kind := r.s.table("account.journal").rows[journal].get("type")
	if sale(v["move_type"]) && !blank(kind) && kind != "sale" {
		return &fault{2, "Cannot create a sale document in a non sale journal"}
	}
	return nil
}

// post gives an invoice its number, refuses what Odoo refuses, and, from 17 on,
// pays the invoice that a credit note reverses.
func (t *tx) post(id int64, r *row) (any, error) {
	if lines, _ := r.get("invoice_line_ids").([]int64); len(lines) == 0 {
		return nil, t.s.emptyInvoice()
	}
	if r.get("state") == "posted" || r.get("state") == "cancel" && t.s.o.Version > 16 {
		return nil, t.s.alreadyPosted(id, r)
	}
	if blank(r.get("partner_id")) && sale(r.get("move_type")) {
		return nil, &fault{2, t.s.since("The field 'Customer' is required, please complete it to validate the Customer Invoice.", 19,
			"The 'Customer' field is required to validate the invoice.\nYou probably don't want to explain to your auditor that you invoiced an invisible man :)")}
	}
	if num(r.get("amount_total")) < 0 {
		return nil, &fault{2, "You cannot validate an invoice with a negative total amount. You should create a credit note instead. Use the action menu to transform it into a credit note or refund."}
	}
	v := Values{"state": "posted"}
	if r.get("name") == "/" || r.get("name") == false {
		v["name"] = t.nextName(r)
	}
	if blank(r.get("payment_reference")) {
		v["payment_reference"] = r.get("name")
		if v["name"] != nil {
			v["payment_reference"] = v["name"]
		}
	}
	if r.get("invoice_date") == false {
		v["invoice_date"] = t.at.Format(time.DateOnly)
	}
	if num(r.get("amount_total")) == 0 {
		v["payment_state"] = "paid"
	}
	t.write("account.move", id, v)
	t.reconcile(id)
	return false, nil
}

// unpost is button_draft and button_cancel, which 16 lets one press twice.
func (t *tx) unpost(id int64, r *row, state string) (any, error) {
	if r.get("state") == state && t.s.o.Version > 16 {
		return nil, &fault{2, map[string]string{"draft": "Only posted/cancelled journal entries can be reset to draft.", "cancel": "Only draft journal entries can be cancelled."}[state]}
	}
	if t.s.o.Version < 19 { // 19 leaves the reconciliation
		t.unreconcile(id, r)
	}
	t.write("account.move", id, Values{"state": state})
	return nil, none
}

// credited is how much of an invoice or credit note the other has paid; no
// field of Odoo's.
const credited, against = "_credited", "_against"

func (t *tx) reconcile(id int64) {
	refund := t.s.table("account.move").rows[id]
	reversed, _ := refund.get("reversed_entry_id").(int64)
	invoice, there := t.s.table("account.move").rows[reversed]
	if t.s.o.Version < 17 || !there || refund.get("move_type") != "out_refund" || invoice.get("state") != "posted" {
		return
	}
	amount := min(num(invoice.get("amount_residual")), num(refund.get("amount_residual")))
	if amount <= 0 {
		return
	}
	for _, one := range []struct {
		id, other int64
		r         *row
		whole     string
	}{{reversed, id, invoice, "reversed"}, {id, reversed, refund, "paid"}} {
		v := Values{credited: round2(num(one.r.get(credited)) + amount), against: one.other, "payment_state": "partial"}
		if num(v[credited]) >= num(one.r.get("amount_total")) {
			v["payment_state"] = one.whole
		}
		t.write("account.move", one.id, v)
	}
}

func (t *tx) unreconcile(id int64, r *row) {
	other, ok := r.get(against).(int64)
	if !ok {
		return
	}
	for _, one := range []int64{id, other} {
		t.write("account.move", one, Values{credited: 0.0, against: false, "payment_state": "not_paid"})
	}
}

// lastNamed is the name of the latest entry of the same journal and kind.
func (t *tx) lastNamed(self *row) string {
	rows := t.s.table("account.move").rows
	ids := t.s.table("account.move").ids()
	for _, id := range slices.Backward(ids) {
		r := rows[id]
		name, _ := r.get("name").(string)
		if id != self.get("id") && name != "" && name != "/" && r.get("journal_id") == self.get("journal_id") && (r.get("move_type") == "out_refund") == (self.get("move_type") == "out_refund") {
			return name
		}
	}
	return ""
}

// nextName counts on from the latest name, whatever it is: a name that somebody
// wrote takes the numbering with it.
func (t *tx) nextName(self *row) string {
	year := t.at.Year()
	if text, ok := self.get("invoice_date").(string); ok && len(text) > 4 {
		if n, err := strconv.Atoi(text[:4]); err == nil {
			year = n
		}
	}
	last := t.lastNamed(self)
	digits := len(last) - len(strings.TrimRight(last, "0123456789"))
	if digits == 0 {
		last, digits = fmt.Sprintf("%s/%d/00000", map[bool]string{false: "FAC", true: "RFAC"}[self.get("move_type") == "out_refund"], year), 5
	}
	stem := last[:len(last)-digits]
	n, _ := strconv.Atoi(last[len(last)-digits:]) // digits only
	if parts := strings.Split(stem, "/"); len(parts) == 3 && len(parts[1]) == 4 && parts[1] != strconv.Itoa(year) {
		stem, n = fmt.Sprintf("%s/%d/", parts[0], year), 0
	}
	for _, r := range t.s.table("account.move").rows {
		if name, _ := r.get("name").(string); strings.HasPrefix(name, stem) {
			if taken, err := strconv.Atoi(name[len(stem):]); err == nil {
				n = max(n, taken)
			}
		}
	}
	return fmt.Sprintf("%s%0*d", stem, digits, n+1)
}
