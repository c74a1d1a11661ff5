package mysqldb

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"odoosync/internal/record"
)

// replays bounds how often a transaction is run again.
const replays = 12

// InTx runs f in a transaction and commits it. When the server rolled the
// transaction back for a deadlock, or the connection died before COMMIT, f runs again from its start in a new one, after a short random wait.
// Errors of f roll back. What leaves here has a code (Explain).
func (db *DB) InTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := db.once(ctx, f)
		var code *record.Error
		switch {
		case err == nil:
			return struct{}{}, nil
		case replayable(err), connectionLost(err) && !errors.As(err, &code):
			return struct{}{}, err
		}
		return struct{}{}, backoff.Permanent(err)
	}, backoff.WithBackOff(waits()), backoff.WithMaxTries(replays), backoff.WithMaxElapsedTime(20*time.Second))
	if ctx.Err() != nil && err != nil {
		return record.Wrap(record.CodeUnavailable, err, "the work on the database was stopped")
	}
	return Explain(err)
}

func waits() backoff.BackOff {
	return &backoff.ExponentialBackOff{InitialInterval: 2 * time.Millisecond, RandomizationFactor: 0.9, Multiplier: 2, MaxInterval: 500 * time.Millisecond}
}

func (db *DB) once(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		// The server may have rolled back already; what matters is f's error.
		_ = tx.Rollback()
		return err
	}
	if err := tx.Commit(); err != nil {
		if connectionLost(err) {
			return record.Wrap(record.CodeUnknownOutcome, err, "the connection to MySQL was lost while it committed")
		}
		return err
	}
	return nil
}

// Snapshot runs f in a transaction that only reads: all of f's statements see
// the database as it was at the first, and lock nothing. What leaves here has a
// code (Explain).
func (db *DB) Snapshot(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return Explain(err)
	}
	err = f(tx)
	_ = tx.Rollback() // there is nothing to keep
	return Explain(err)
}
