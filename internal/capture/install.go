package capture

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strconv"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/mapping"
)

// lockWait is how many seconds a statement waits for a table that a
// transaction holds: whoever else wants the table waits behind it. A variable
// for the tests' sake.
var lockWait = 3

// lockTries is how often it waits.
const lockTries = 3

// Install brings the triggers in line with the mapping and tells, a sentence
// each, what it changed; after an error, what it had changed by then.
func Install(ctx context.Context, db *mysqldb.DB, m *mapping.Mapping) (changed []string, err error) {
	d, err := compare(ctx, db, m)
	if err != nil || d.none() {
		return nil, err
	}
	unlock, err := db.LockMigrations(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	// Another daemon may have done it while we waited.
	if d, err = compare(ctx, db, m); err != nil || d.none() {
		return nil, err
	}
	in, err := newInstaller(ctx, db)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer in.close()
	err = in.apply(ctx, d)
	return in.changed, err
}

// installer works on one connection, whose session gives the triggers their
// character set and sql_mode.
type installer struct {
	conn    *sql.Conn
	replace bool // the server has CREATE OR REPLACE TRIGGER
	changed []string
}

func newInstaller(ctx context.Context, db *mysqldb.DB) (*installer, error) {
	server, err := db.ServerInfo(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	in := &installer{conn: conn, replace: server.MariaDB}
	for _, statement := range []string{"SET NAMES utf8mb4", "SET SESSION sql_mode = '', lock_wait_timeout = " + strconv.Itoa(lockWait)} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			in.close()
			return nil, err
		}
	}
	return in, nil
}

// close ends the connection for good: its session must not serve anybody else.
func (in *installer) close() {
	_ = in.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = in.conn.Close()
}

// apply makes first and drops last, so that no edit goes by in between. Only a
// trigger that keeps a wanted name on another table must go before.
func (in *installer) apply(ctx context.Context, d difference) error {
	for _, t := range d.astray {
		if err := in.drop(ctx, t); err != nil {
			return err
		}
	}
	for _, t := range d.missing {
		if err := in.create(ctx, t, "CREATE TRIGGER ", t.Name); err != nil {
			return err
		}
		in.changed = append(in.changed, "made the trigger "+t.Name+" on "+t.Table)
	}
	for _, t := range d.stale {
		if err := in.renew(ctx, t, d.live); err != nil {
			return err
		}
		in.changed = append(in.changed, "replaced the trigger "+t.Name+" on "+t.Table)
	}
	for _, t := range d.leftOver {
		if err := in.drop(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// renew replaces a trigger under the eyes of those who edit: doc.go says how.
func (in *installer) renew(ctx context.Context, t Trigger, live map[string]Trigger) error {
	if in.replace {
		return in.create(ctx, t, "CREATE OR REPLACE TRIGGER ", t.Name)
	}
	second := Trigger{Name: t.Name + temporarySuffix, Table: t.Table}
	// One that was left by a daemon that died serves as well, and is dropped
	// with the other left-overs.
	_, left := live[second.Name]
	if !left {
		if err := in.create(ctx, t, "CREATE TRIGGER ", second.Name); err != nil {
			return err
		}
	}
	if err := in.exec(ctx, t, "DROP TRIGGER IF EXISTS "+quote(t.Name)); err != nil {
		return err
	}
	if err := in.create(ctx, t, "CREATE TRIGGER ", t.Name); err != nil || left {
		return err
	}
	return in.exec(ctx, second, "DROP TRIGGER IF EXISTS "+quote(second.Name))
}

func (in *installer) create(ctx context.Context, t Trigger, verb, name string) error {
	return in.exec(ctx, t, verb+quote(name)+" AFTER "+t.Event+" ON "+quote(t.Table)+" FOR EACH ROW "+t.Body)
}

func (in *installer) drop(ctx context.Context, t Trigger) error {
	err := in.exec(ctx, t, "DROP TRIGGER IF EXISTS "+quote(t.Name))
	if err == nil {
		in.changed = append(in.changed, "dropped the trigger "+t.Name+" on "+t.Table)
	}
	return err
}

func (in *installer) exec(ctx context.Context, t Trigger, statement string) error {
	var err error
	for range lockTries {
		if _, err = in.conn.ExecContext(ctx, statement); err == nil {
			return nil
		}
		err = mysqldb.Explain(err)
		if record.CodeOf(err) != record.CodeRetryable {
			break
		}
	}
	reason, way := record.Message(err), "odoosync check says what is missing; then run odoosync migrate up"
	if record.CodeOf(err) == record.CodeRetryable {
		reason, way = "a transaction of another program holds the table", "run odoosync migrate up when it has ended"
	}
	return record.Wrap(record.CodeOf(err), err, "the trigger %s on the table %s cannot be changed: %s. Until it is, edits of the table may not reach Odoo: %s", t.Name, t.Table, reason, way)
}
