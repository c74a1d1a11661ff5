package store

import (
	"context"
	"time"
)

// Lease asks for the named lease and tells whether owner has it now. It is new
// or prolonged until ttl from now, by the server's clock, so that daemons whose
// clocks differ agree; one that died loses it by itself.
func Lease(ctx context.Context, tx Execer, name, owner string, ttl time.Duration) (bool, error) {
	// Assignments are made from left to right: until follows the owner just set.
	_, err := tx.ExecContext(ctx, "INSERT INTO sync_leases (name, owner, until, fence) VALUES (?, ?, TIMESTAMPADD(MICROSECOND, ?, UTC_TIMESTAMP(6)), 1)"+
		" ON DUPLICATE KEY UPDATE fence = IF(owner <> VALUES(owner) AND until < UTC_TIMESTAMP(6), fence + 1, fence),"+
		" owner = IF(until < UTC_TIMESTAMP(6), VALUES(owner), owner), until = IF(owner = VALUES(owner), VALUES(until), until)",
		name, owner, ttl.Microseconds())
	if err != nil {
		return false, err
	}
	holders, err := texts(ctx, tx, "SELECT owner FROM sync_leases WHERE name = ?", []any{name})
	return len(holders) == 1 && holders[0] == owner, err
}

// EndLease gives a lease back.
func EndLease(ctx context.Context, tx Execer, name, owner string) error {
	_, err := tx.ExecContext(ctx, "UPDATE sync_leases SET until = '2000-01-01' WHERE name = ? AND owner = ?", name, owner)
	return err
}
