package mysqldb

import (
	"context"
	"errors"
	"path"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"odoosync/internal/record"
	"odoosync/migrations"
)

// versionTable keeps which migrations ran.
const versionTable = "sync_migrations"

// Migration is one numbered file and whether it ran.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

func (db *DB) provider(options ...goose.ProviderOption) (*goose.Provider, error) {
	options = append(options, goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	return goose.NewProvider(database.DialectMySQL, db.DB, migrations.FS, options...)
}

// Migrate brings the schema up to date and returns what it ran. Two daemons
// that start at once take turns; the second finds nothing left to do.
func (db *DB) Migrate(ctx context.Context) ([]Migration, error) {
	if err := db.CheckVersion(ctx); err != nil {
		return nil, err
	}
	unlock, err := db.LockMigrations(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	p, err := db.provider()
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return nil, failedMigration(err)
	}
	var out []Migration
	for _, r := range results {
		out = append(out, Migration{Version: r.Source.Version, Name: r.Source.Path, Applied: true})
	}
	return out, nil
}

// failedMigration says which migration the server refused, and why.
func failedMigration(err error) error {
	cause, name := err, "a migration"
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		cause = partial.Err
		if partial.Failed != nil && partial.Failed.Source != nil {
			name = "the migration " + path.Base(partial.Failed.Source.Path)
		}
	}
	explained := Explain(cause)
	code, reason := record.CodeOf(explained), record.Message(explained)
	switch number(cause) {
	case errBadForeignKey, errIncompatibleKey:
		code, reason = record.CodeConfig, "a table of the same name, made by another program, stands in the way: use a database of its own, or rename that table"
	case errTableDenied, errAccessDeniedDB:
		code, reason = record.CodeConfig, "the user of database.dsn may not make tables: odoosync check names the grant that is missing"
	}
	return record.Wrap(code, err, "%s failed: %s. Then run odoosync migrate up again", name, reason)
}

// Migrations lists all migrations, oldest first.
func (db *DB) Migrations(ctx context.Context) ([]Migration, error) {
	p, err := db.provider()
	if err != nil {
		return nil, err
	}
	states, err := p.Status(ctx)
	if err != nil {
		return nil, Explain(err)
	}
	var out []Migration
	for _, s := range states {
		out = append(out, Migration{Version: s.Source.Version, Name: s.Source.Path, Applied: s.State == goose.StateApplied})
	}
	return out, nil
}

// Migrated reports whether every migration ran.
func (db *DB) Migrated(ctx context.Context) (bool, error) {
	list, err := db.Migrations(ctx)
	if err != nil {
		return false, err
	}
	for _, m := range list {
		if !m.Applied {
			return false, nil
		}
	}
	return true, nil
}
