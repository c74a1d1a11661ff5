package app

import (
	"context"
	"errors"
	"fmt"

	"odoosync/configs"
	"odoosync/internal/localdb"
	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// startDatabase connects, and for a private server migrates too.
func (a *App) startDatabase(ctx context.Context) error {
	db, local, err := OpenDatabase(ctx, a.config, a.o)
	if err != nil {
		return err
	}
	a.db, a.local = db, local
	a.paused = &pauses{db: db, clock: a.o.Clock, log: a.log}
	a.stats.ask(db, a.o.Clock, a.log, a.config.Odoo.URL != "")
	if local != nil {
		a.onStop("the private database", local.Stop)
		fmt.Fprintf(a.o.Out, "Private MariaDB at 127.0.0.1:%d. To look inside:\n  %s\n", local.Port(), local.ConnectHint(db.Name()))
	}
	a.onStop("the database connections", func(context.Context) error { return db.Close() })
	if local != nil {
		if _, err := db.Migrate(ctx); err != nil {
			return err
		}
	}
	migrated, err := db.Migrated(ctx)
	if err == nil && !migrated {
		err = record.Errorf(record.CodeConfig, "the database's tables are missing or old: run odoosync migrate up")
	}
	return err
}

// LocalDatabase is the name of the database on a private server.
const LocalDatabase = "odoosync"

// OpenDatabase connects as the settings say, or starts a private server, which
// is then the caller's to stop.
func OpenDatabase(ctx context.Context, c configs.Config, o Options) (*mysqldb.DB, *localdb.Server, error) {
	dsn := c.Database.DSN.Reveal()
	var local *localdb.Server
	if o.LocalDB {
		var err error
		if o.Database == "" {
			o.Database = LocalDatabase
		}
		local, err = startLocal(ctx, o)
		switch {
		case err == nil:
			dsn = local.DSN(o.Database)
		case o.Join && errors.Is(err, localdb.ErrInUse):
			if dsn, err = localdb.Running(o.VarDir+"/db", o.Database); err != nil {
				return nil, nil, err
			}
		default:
			return nil, nil, err
		}
	}
	if dsn == "" {
		return nil, nil, record.Errorf(record.CodeConfig, "no database is named: set database.dsn (or ODOOSYNC_DATABASE_DSN) to your MySQL or MariaDB, "+
			"or start with --local-db to use a private MariaDB in ./var/db")
	}
	db, err := mysqldb.Open(mysqldb.Options{DSN: dsn})
	if err == nil {
		if err = db.Reachable(ctx); err == nil {
			return db, local, nil
		}
		err = errors.Join(record.Wrap(record.CodeOf(err), err, "%s: %s", mysqldb.Redact(dsn), record.Message(err)), db.Close())
	}
	if local != nil {
		err = errors.Join(err, local.Stop(ctx))
	}
	return nil, nil, err
}

func startLocal(ctx context.Context, o Options) (*localdb.Server, error) {
	logger := o.Logger
	s, err := localdb.Start(ctx, localdb.Options{Dir: o.VarDir + "/db", OnRestart: func(err error) {
		if logger != nil {
			logger.Warn("private database", logs.Failure(err))
		}
	}})
	if err != nil {
		return nil, err
	}
	if o.Fresh {
		err = s.DropDatabase(ctx, o.Database)
	}
	if err == nil {
		err = s.CreateDatabase(ctx, o.Database)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop(ctx))
	}
	return s, nil
}
