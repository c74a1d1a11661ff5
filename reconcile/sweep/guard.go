package sweep

import (
	"context"
	"slices"

	"odoosync/odooclient"
	"odoosync/reconcile"
)

// guard halts every model where this is not the Odoo that was synced.
func (s *Sweeper) guard(ctx context.Context) error {
	if err := s.o.Engine.GuardDatabase(ctx); err != nil {
		return err
	}
	return s.guardCompanies(ctx)
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
			return s.halt(ctx, reconcile.HaltCompany, lost, "the company with id "+itoa(id))
		}
	}
	return nil
}

// halt halts all models but those of which a person has accepted that.
func (s *Sweeper) halt(ctx context.Context, kind, format string, args ...any) error {
	for _, model := range s.models() {
		if halted, err := s.o.Engine.Halt(ctx, model, kind, format, args...); err != nil || halted {
			return err
		}
	}
	return nil
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
