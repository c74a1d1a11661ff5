package sweep

import (
	"context"
	"slices"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// databaseName keeps which database of Odoo's was synced.
const databaseName = "odoo:database"

// database is what tells one database of Odoo's from another.
type database struct {
	UUID string `json:"uuid"`
}

// guardDatabase halts every model when another database answers than before. A
// user who is no administrator cannot tell; then the records' own dates have to
// (reconcile: older).
func (s *Sweeper) guardDatabase(ctx context.Context) error {
	uuid, err := s.databaseUUID(ctx)
	if err != nil || uuid == "" {
		return err
	}
	var known database
	if err := store.LoadCursor(ctx, s.o.DB, databaseName, &known); err != nil || known.UUID == uuid {
		return err
	}
	if known.UUID != "" {
		halted, err := s.haltAll(ctx, reconcile.HaltOtherDatabase, "Odoo answers from another database (its database.uuid is not the one that was synced): a copy, or another company's")
		if err != nil || halted {
			return err
		}
	}
	return store.SaveCursor(ctx, s.o.DB, s.o.Clock.Now(), databaseName, database{UUID: uuid})
}

func (s *Sweeper) databaseUUID(ctx context.Context) (uuid string, err error) {
	s.mu.Lock()
	refused := s.uuidRefused
	s.mu.Unlock()
	if refused { // the answer tells Odoo's time all the same
		_, err := s.o.Odoo.Version(ctx)
		return "", err
	}
	err = s.o.Odoo.SearchRead(ctx, "ir.config_parameter", []any{[]any{"key", "=", "database.uuid"}}, []string{"value"}, odooclient.Page{Limit: 1}, func(raw odooclient.Raw) error {
		uuid, _ = raw["value"].(string)
		return nil
	})
	if code := record.CodeOf(err); code == record.CodeDenied || code == record.CodeRejected || code == record.CodeConfig {
		s.mu.Lock()
		s.uuidRefused = true
		s.mu.Unlock()
		return "", nil
	}
	return uuid, err
}

// guardCompanies halts every model when the sync user has lost a company: Odoo
// refuses every call then that names it.
func (s *Sweeper) guardCompanies(ctx context.Context) error {
	const lost = "the sync user has lost a company that is synced (%s): give it back in Odoo (Settings, Users), or change odoo.companies"
	companies, err := s.o.Odoo.Companies(ctx)
	if err != nil {
		return err
	}
	for _, id := range s.o.Odoo.Synced() {
		if !slices.ContainsFunc(companies, func(c odooclient.Company) bool { return c.ID == id }) {
			_, err := s.haltAll(ctx, reconcile.HaltCompany, lost, "the company with id "+itoa(id))
			return err
		}
	}
	return nil
}

// haltAll halts every model, and reports whether any was: none is within the
// hour after all were accepted.
func (s *Sweeper) haltAll(ctx context.Context, kind, format string, args ...any) (bool, error) {
	any := false
	for _, model := range s.models() {
		halted, err := s.o.Engine.Halt(ctx, model, kind, format, args...)
		if err != nil {
			return any, err
		}
		any = any || halted
	}
	return any, nil
}

func (s *Sweeper) entities() []string {
	out := make([]string, len(s.o.Mapping.Entities))
	for i, e := range s.o.Mapping.Entities {
		out[i] = e.Name
	}
	return out
}

// models are the mapped models, each once.
func (s *Sweeper) models() []string {
	var out []string
	for _, e := range s.o.Mapping.Entities {
		if !slices.Contains(out, e.Model) {
			out = append(out, e.Model)
		}
	}
	return out
}
