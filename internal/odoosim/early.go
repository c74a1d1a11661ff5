package odoosim

import "time"

// Tx is a transaction that a test holds open: its webhooks leave before it is
// committed, as from Odoo 17's and 18's own automations and from a hook inside
// write. Nobody sees its changes until Commit; Rollback makes them never have
// been. Its times are those of its Begin, as PostgreSQL's: committed after
// others' writes, its own land behind them.
type Tx struct {
	s     *Server
	at    time.Time
	steps []func(t *tx)
}

// Begin opens a transaction.
func (s *Server) Begin() *Tx { return &Tx{s: s, at: s.begin().at} }

// Create adds a new record to the transaction.
func (x *Tx) Create(model string, v Values) { x.add(func(t *tx) { t.create(model, v) }) }

// Write adds a change.
func (x *Tx) Write(model string, id int64, v Values) { x.add(func(t *tx) { t.write(model, id, v) }) }

// Unlink adds a deletion.
func (x *Tx) Unlink(model string, id int64) { x.add(func(t *tx) { t.unlink(model, id) }) }

func (x *Tx) add(step func(t *tx)) { x.steps = append(x.steps, step) }

// Tell sends the webhooks of what the transaction has done so far.
func (x *Tx) Tell() {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	next := map[string]int64{}
	for model, t := range x.s.models {
		next[model] = t.next
	}
	t := x.run()
	deliveries := x.s.hooks.tell(t)
	t.rollback()
	for model, t := range x.s.models {
		t.next = max(next[model], 1) // Commit gives the same ids again
	}
	for _, d := range deliveries {
		x.s.hooks.send(d)
	}
}

// Commit makes the changes visible. It tells nobody: Tell did.
func (x *Tx) Commit() {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.run()
}

// Rollback ends the transaction as if it had never been.
func (x *Tx) Rollback() { x.steps = nil }

func (x *Tx) run() *tx {
	t := x.s.begin()
	t.at = x.at
	for _, step := range x.steps {
		step(t)
	}
	return t
}
