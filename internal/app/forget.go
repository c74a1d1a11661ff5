package app

import (
	"context"

	"odoosync/configs"
	"odoosync/internal/forget"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// OpenForgetter connects to Odoo, where there is one, and binds the mapping. close
// ends the connections. who and client are for the audit.
func OpenForgetter(ctx context.Context, c configs.Config, db *mysqldb.DB, who, client string) (f *forget.Forgetter, closeIt func(), err error) {
	migrated, err := db.Migrated(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !migrated {
		return nil, nil, record.Errorf(record.CodeConfig, "the database's tables are missing or old: run odoosync migrate up")
	}
	o := forget.Options{DB: db, Who: who, Client: client}
	closeIt = func() {}
	if c.Odoo.URL == "" {
		o.Mapping, _, err = Bind(ctx, c, nil, db)
		return forget.New(o), closeIt, err
	}
	odoo, err := NewClient(c, nil)
	if err != nil {
		return nil, nil, err
	}
	if o.Mapping, _, err = Bind(ctx, c, odoo, db); err != nil {
		odoo.Close()
		return nil, nil, err
	}
	o.Odoo = odoo
	return forget.New(o), odoo.Close, nil
}
