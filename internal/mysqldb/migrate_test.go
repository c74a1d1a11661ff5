package mysqldb_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/record"
)

func TestATableInTheWayIsNamed(t *testing.T) {
	db := dbtest.Empty(t)
	_, err := db.Exec("CREATE TABLE contacts (id VARCHAR(20) PRIMARY KEY) ENGINE=InnoDB")
	require.NoError(t, err)
	_, err = db.Migrate(ctx)
	require.Equal(t, record.CodeConfig, record.CodeOf(err))
	require.Contains(t, record.Message(err), "00001_api_tables.sql")
	require.Contains(t, record.Message(err), "made by another program")

	_, err = db.Exec("RENAME TABLE contacts TO their_contacts")
	require.NoError(t, err)
	_, err = db.Migrate(ctx)
	require.NoError(t, err, "a migration that was stopped goes on")
	done, err := db.Migrated(ctx)
	require.NoError(t, err)
	require.True(t, done)
}

// A daemon that was killed between a change and its note in sync_migrations
// runs the migration again.
func TestAMigrationCanBeRunAgain(t *testing.T) {
	db := dbtest.New(t)
	_, err := db.Exec("DELETE FROM sync_migrations WHERE version_id > 0")
	require.NoError(t, err)
	again, err := db.Migrate(ctx)
	require.NoError(t, err)
	all, err := db.Migrations(ctx)
	require.NoError(t, err)
	require.Len(t, again, len(all))
}

// Webhooks that were received before are found by the name of their record too.
func TestOlderWebhooksGetTheirSubject(t *testing.T) {
	db := dbtest.New(t)
	for _, data := range []string{`'{"id": 1, "name": "École"}'`, `'{"id": 2, "name": false}'`, `'{"id": 3}'`, "NULL"} {
		_, err := db.Exec("INSERT INTO webhook_logs (event_type, event_data, body, source, next_attempt_at, received_us) VALUES ('res.partner.updated', " + data + ", '', 'webhook', NOW(), NOW())")
		require.NoError(t, err)
	}
	_, err := db.Exec("DELETE FROM sync_migrations WHERE version_id >= 11")
	require.NoError(t, err)
	_, err = db.Migrate(ctx)
	require.NoError(t, err)
	var subjects string
	require.NoError(t, db.QueryRow("SELECT GROUP_CONCAT(COALESCE(subject, '-') ORDER BY id) FROM webhook_logs").Scan(&subjects))
	require.Equal(t, "École,-,-,-", subjects)
}
