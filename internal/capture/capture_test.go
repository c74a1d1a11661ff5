package capture_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/mapping"
)

func TestWhatAnEditLeaves(t *testing.T) {
	b := newBench(t)
	const contact = "INSERT INTO contacts (id, name, city) VALUES (1, 'École', 'Nantes')"
	const quote = "INSERT INTO quotes (id, name) VALUES (1, 'S1'), (2, 'S2')"
	const line = "INSERT INTO quote_lines (id, quote_id, position, name) VALUES (7, 1, 0, 'Rome')"
	for _, tt := range []struct {
		name   string
		before []string
		edit   []string
		leaves []string
	}{
		{"an insert names the mapped columns that have a value", nil, []string{"INSERT INTO contacts (id, odoo_id, name, deleted_at) VALUES (1, 9, 'x', NOW())"},
			[]string{`contacts 1 insert ["active","is_company","name"]`}},
		{"an insert of defaults only", nil, []string{"INSERT INTO leads (id, status, active) VALUES (4, 'open', 1)"}, []string{`leads 4 insert ["active","status"]`}},
		{"an update names what changed", []string{contact}, []string{"UPDATE contacts SET name = 'École', city = 'Brest', phone = '1'"}, []string{`contacts 1 update ["city","phone"]`}},
		{"to and from NULL", []string{contact}, []string{"UPDATE contacts SET city = NULL", "UPDATE contacts SET city = ''"}, []string{`contacts 1 update ["city"]`, `contacts 1 update ["city"]`}},
		{"a column that is not mapped", []string{contact}, []string{"UPDATE contacts SET created_at = '2000-01-01', updated_at = '2000-01-01'"}, nil},
		{"an update to the same", []string{contact}, []string{"UPDATE contacts SET name = 'École', city = 'Nantes', phone = NULL"}, nil},
		{"case, accents and spaces at the end", []string{contact}, []string{"UPDATE contacts SET name = 'éCOLE'", "UPDATE contacts SET name = 'eCOLE'", "UPDATE contacts SET name = 'eCOLE '"},
			[]string{`contacts 1 update ["name"]`, `contacts 1 update ["name"]`, `contacts 1 update ["name"]`}},
		{"the mark of a deletion and Odoo's id", []string{contact}, []string{"UPDATE contacts SET deleted_at = NOW()", "UPDATE contacts SET odoo_id = 5"},
			[]string{`contacts 1 update ["deleted_at"]`, `contacts 1 update ["odoo_id"]`}},
		{"a statement of several rows", nil, []string{"INSERT INTO contacts (id, name, active) VALUES (1, 'a', 1), (2, 'b', 0)", "UPDATE contacts SET active = 1"},
			[]string{`contacts 1 insert ["active","is_company","name"]`, `contacts 2 insert ["active","is_company","name"]`, `contacts 2 update ["active"]`}},
		{"an upsert that inserts", nil, []string{"INSERT INTO contacts (id, name) VALUES (1, 'a') ON DUPLICATE KEY UPDATE name = 'b'"}, []string{`contacts 1 insert ["active","is_company","name"]`}},
		{"an upsert that updates", []string{contact}, []string{"INSERT INTO contacts (id, name) VALUES (1, 'a') ON DUPLICATE KEY UPDATE name = 'b'"}, []string{`contacts 1 update ["name"]`}},
		{"an upsert that changes nothing", []string{contact}, []string{"INSERT INTO contacts (id, name) VALUES (1, 'a') ON DUPLICATE KEY UPDATE name = 'École'"}, nil},
		{"REPLACE", []string{contact}, []string{"REPLACE INTO contacts (id, name) VALUES (1, 'b')"}, []string{`contacts 1 delete NULL`, `contacts 1 insert ["active","is_company","name"]`}},
		{"INSERT IGNORE of a row that is there", []string{contact}, []string{"INSERT IGNORE INTO contacts (id, name) VALUES (1, 'b')"}, nil},
		{"a transaction that is rolled back", nil, []string{"START TRANSACTION", contact, "ROLLBACK"}, nil},
		{"a savepoint that is rolled back", nil, []string{"START TRANSACTION", contact, "SAVEPOINT s", "UPDATE contacts SET city = 'Brest'", "ROLLBACK TO s", "COMMIT"}, []string{`contacts 1 insert ["active","city","is_company","name"]`}},
		{"a delete", []string{contact}, []string{"DELETE FROM contacts"}, []string{`contacts 1 delete NULL`}},
		{"another primary key", []string{contact}, []string{"UPDATE contacts SET id = 3, city = 'Brest'"}, []string{`contacts 1 delete NULL`, `contacts 3 insert ["active","city","is_company","name"]`}},
		{"TRUNCATE is seen by no trigger", []string{contact, "SET FOREIGN_KEY_CHECKS = 0"}, []string{"TRUNCATE contacts", "SET FOREIGN_KEY_CHECKS = 1"}, nil},
		{"a new line", []string{quote}, []string{line}, []string{`quotes 1 update ["quote_lines.is_downpayment","quote_lines.name"]`}},
		{"an edit of a line", []string{quote, line}, []string{"UPDATE quote_lines SET name = 'rome', quantity = 3, position = 1, odoo_id = 8"},
			[]string{`quotes 1 update ["quote_lines.name","quote_lines.odoo_id","quote_lines.position","quote_lines.quantity"]`}},
		{"an update of a line to the same", []string{quote, line}, []string{"UPDATE quote_lines SET name = 'Rome', position = 0, quote_id = 1"}, nil},
		{"a line that moves", []string{quote, line}, []string{"UPDATE quote_lines SET quote_id = 2, position = 3"},
			[]string{`quotes 2 update ["quote_lines.position","quote_lines.quote_id"]`, `quotes 1 update ["quote_lines.position","quote_lines.quote_id"]`}},
		{"a line's own id", []string{quote, line}, []string{"UPDATE quote_lines SET id = 8"}, []string{`quotes 1 update ["quote_lines.id"]`}},
		{"a deleted line", []string{quote, line}, []string{"DELETE FROM quote_lines"}, []string{`quotes 1 update ["quote_lines"]`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, table := range []string{"quote_lines", "quotes", "leads", "contacts"} {
				_, err := b.db.Exec("DELETE FROM " + table)
				require.NoError(t, err)
			}
			b.exec(tt.before...)
			b.noted()
			b.exec(tt.edit...)
			require.Equal(t, strings.Join(tt.leaves, "\n"), b.noted())
		})
	}
}

func TestTheDaemonsOwnWritesLeaveNothing(t *testing.T) {
	b := newBench(t)
	_, err := b.db.Exec("INSERT INTO contacts (id, name) VALUES (1, 'x')")
	require.NoError(t, err)
	_, err = b.db.Exec("UPDATE contacts SET name = 'y'")
	require.NoError(t, err)
	_, err = b.db.Exec("DELETE FROM contacts")
	require.NoError(t, err)
	require.Empty(t, b.noted())
	b.exec("SET @odoosync_applying = 'yes'", "INSERT INTO contacts (id, name) VALUES (1, 'x')")
	require.NotEmpty(t, b.noted(), "only 1 means the daemon")
}

// InnoDB cascades below the triggers: the daemon's tables RESTRICT, and for
// others the sweep is there.
func TestACascadeIsSeenByNoTrigger(t *testing.T) {
	b := bare(t)
	b.exec("CREATE TABLE children (id INT PRIMARY KEY, contact BIGINT NULL, odoo_id BIGINT NULL, FOREIGN KEY (contact) REFERENCES contacts (id) ON DELETE CASCADE ON UPDATE CASCADE)")
	b.install(&mapping.Mapping{Entities: []*mapping.Entity{contactsOf("contacts", "name"),
		{Name: "children", Table: "children", IDColumn: "id", OdooIDColumn: "odoo_id", Fields: []*mapping.Field{{Column: "contact"}}}}})
	b.exec("INSERT INTO contacts (id) VALUES (1)", "INSERT INTO children (id, contact) VALUES (1, 1)")
	b.noted()
	b.exec("UPDATE contacts SET id = 2", "DELETE FROM contacts")
	require.Equal(t, "contacts 1 delete NULL\ncontacts 2 insert []\ncontacts 2 delete NULL", b.noted())
	require.Equal(t, "0", rows(t, b.db, "SELECT COUNT(*) FROM children"), "it did cascade")
}

// A session may have anything set, and its user no right to the outbox.
func TestAnOddSession(t *testing.T) {
	b := newBench(t)
	user := "odd_" + b.db.Name()[2:]
	for _, s := range []string{"CREATE USER '" + user + "'@'%' IDENTIFIED BY 'Odd-pass-1'", "GRANT SELECT, INSERT, UPDATE, DELETE ON `" + b.db.Name() + "`.contacts TO '" + user + "'@'%'"} {
		_, err := b.db.Exec(s)
		require.NoError(t, err)
	}
	t.Cleanup(func() { _, _ = b.db.Exec("DROP USER '" + user + "'@'%'") })
	odd := connect(t, b.dsn, func(c *mysql.Config) {
		c.User, c.Passwd = user, "Odd-pass-1"
		require.NoError(t, c.Apply(mysql.Charset("latin1", "")))
		c.Params = map[string]string{"time_zone": "'+05:00'",
			"sql_mode": "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE'", "collation_connection": "latin1_german2_ci"}
	})
	_, err := odd.ExecContext(ctx, "SELECT 1 FROM sync_outbox")
	require.ErrorContains(t, err, "denied", "the user may not even look")
	result, err := odd.ExecContext(ctx, `INSERT INTO "contacts" ("name", city) VALUES ('`+"\xc9"+`cole\', 'Brest')`)
	require.NoError(t, err)
	id, err := result.LastInsertId()
	require.NoError(t, err)
	n, err := result.RowsAffected()
	require.NoError(t, err)
	require.Equal(t, []int64{1, 1}, []int64{id, n}, "the API gets its own id and count, not the outbox's")
	_, err = odd.ExecContext(ctx, `UPDATE "contacts" SET name = '`+"\xe9"+`cole\'`)
	require.NoError(t, err)
	require.Equal(t, `École\`, strings.ToUpper(rows(t, b.db, "SELECT name FROM contacts"))[:2]+`cole\`)
	require.Equal(t, "1 1", rows(t, b.db, "SELECT MIN(ABS(TIMESTAMPDIFF(SECOND, changed_at, UTC_TIMESTAMP())) < 60), MIN(next_attempt_at < changed_at) FROM sync_outbox"), "UTC, and due at once whatever the daemon's clock says")
	require.Equal(t, `contacts 1 insert ["active","city","is_company","name"]`+"\n"+`contacts 1 update ["name"]`, b.noted())
}

// All rows of a statement carry one time: by it Claim tells bulk work apart.
func TestAThousandRowsInOneStatement(t *testing.T) {
	b := newBench(t)
	values := make([]string, 1000)
	for i := range values {
		values[i] = fmt.Sprintf("(%d, 'n')", i+1)
	}
	b.exec("INSERT INTO contacts (id, name) VALUES " + strings.Join(values, ", "))
	require.Equal(t, "1000 1000 1", rows(t, b.db, "SELECT COUNT(*), COUNT(DISTINCT local_id), COUNT(DISTINCT changed_at) FROM sync_outbox WHERE status = 'pending' AND op = 'insert'"))
}

// Every type of column, compared by what it holds.
func TestEveryType(t *testing.T) {
	b := bare(t)
	b.exec("CREATE TABLE kinds (id VARCHAR(40) PRIMARY KEY, odoo_id BIGINT NULL, c CHAR(10), v VARCHAR(50) COLLATE utf8mb4_general_ci, t TEXT, l VARCHAR(20) CHARACTER SET latin1, b BLOB, j JSON," +
		" d DECIMAL(20,6), dt DATETIME(3) NULL, da DATE, ts TIMESTAMP NULL, e ENUM('a','A ','b') COLLATE utf8mb4_bin, i BIGINT UNSIGNED, `it's \"\\\\ é` TINYINT(1))")
	e := &mapping.Entity{Name: "kinds", Table: "kinds", IDColumn: "id", OdooIDColumn: "odoo_id"}
	for _, c := range []string{"c", "v", "t", "l", "b", "j", "d", "dt", "da", "ts", "e", "i", `it's "\\ é`} {
		kind := mapping.TypeText
		if c == "ts" || c == "dt" {
			kind = mapping.TypeTime
		}
		e.Fields = append(e.Fields, &mapping.Field{Name: c, Column: c, Type: kind})
	}
	b.install(&mapping.Mapping{Entities: []*mapping.Entity{e}})
	b.exec("INSERT INTO kinds (id) VALUES ('k-1')")
	b.noted()
	odd := "`it's \"\\\\ é`"
	for _, tt := range []struct{ column, first, second string }{
		{"c", "'a'", "'A'"}, {"v", "'a'", "'a '"}, {"t", "'é'", "'e'"}, {"l", "'é'", "'É'"}, {"b", "x'00ff'", "x'00fe'"}, {"j", "'[1, 2]'", "'[2, 1]'"},
		{"d", "1.5", "1.500001"}, {"dt", "'2025-01-22 10:00:00.001'", "'2025-01-22 10:00:00.002'"}, {"da", "'2025-01-22'", "'2025-01-23'"},
		{"ts", "'2025-01-22 10:00:00'", "'2025-01-22 11:00:00'"}, {"e", "'a'", "'A '"}, {"i", "18446744073709551615", "18446744073709551614"}, {odd, "0", "1"},
	} {
		var leaves []string
		for _, value := range []string{tt.first, tt.first, tt.second, "NULL", "NULL"} {
			b.exec("UPDATE kinds SET " + tt.column + " = " + value)
			if text := b.noted(); text != "" {
				leaves = append(leaves, text)
			}
		}
		name := `["` + tt.column + `"]`
		if tt.column == odd {
			name = `["it's \"\\\\ é"]`
		}
		require.Equal(t, []string{"kinds k-1 update " + name, "kinds k-1 update " + name, "kinds k-1 update " + name}, leaves)
	}
}

// Two moments an hour apart look the same in a zone that puts its clocks back.
// The zone is put into a server of the test's own, which knows none.
func TestATimestampInTheHourThatComesTwice(t *testing.T) {
	dsn := dbtest.NewServer(t, "zone").DSN("zone")
	b := &bench{t: t, dsn: dsn, db: dbtest.Open(t, dsn), api: connect(t, dsn, nil)}
	b.exec("INSERT INTO mysql.time_zone (Time_zone_id) VALUES (77)", "INSERT INTO mysql.time_zone_name VALUES ('Nantes', 77)",
		"INSERT INTO mysql.time_zone_transition_type VALUES (77, 0, 7200, 1, 'CEST'), (77, 1, 3600, 0, 'CET')",
		"INSERT INTO mysql.time_zone_transition VALUES (77, 0, 0), (77, UNIX_TIMESTAMP('2025-10-26 01:00:00'), 1)",
		"CREATE TABLE stamps (id INT PRIMARY KEY, at TIMESTAMP NULL, next TIMESTAMP NULL)")
	b.install(&mapping.Mapping{Entities: []*mapping.Entity{{Name: "stamps", Table: "stamps", IDColumn: "id", Fields: []*mapping.Field{{Column: "at", Type: mapping.TypeTime}}}}})
	b.exec("SET time_zone = '+00:00'", "INSERT INTO stamps VALUES (1, '2025-10-26 00:30:00', '2025-10-26 01:30:00')", "SET time_zone = 'Nantes'")
	b.noted()
	b.exec("UPDATE stamps SET at = next")
	require.Equal(t, "2025-10-26 01:30:00", rows(t, b.db, "SELECT CAST(at AS CHAR) FROM stamps"), "it is another moment")
	require.Equal(t, `stamps 1 update ["at"]`, b.noted())
}

func TestTwoEntitiesOfOneTable(t *testing.T) {
	b := bare(t)
	lines := contactsOf("schools", "name")
	lines.Children = []*mapping.Child{{Table: "contacts", IDColumn: "id", ParentColumn: "parent_id", Fields: []*mapping.Field{{Column: "city"}}}}
	b.install(&mapping.Mapping{Entities: []*mapping.Entity{contactsOf("people", "name", "phone"), lines}})
	b.exec("INSERT INTO contacts (id, name, phone) VALUES (1, 'x', '1')")
	require.Equal(t, `people 1 insert ["name","phone"]`+"\n"+`schools 1 insert ["name"]`, b.noted(), "a line without a parent is nobody's")
	b.exec("INSERT INTO contacts (id, parent_id) VALUES (2, 1)")
	require.Equal(t, "people 2 insert []\nschools 2 insert []\n"+`schools 1 update ["contacts"]`, b.noted())
	b.exec("UPDATE contacts SET phone = '2', city = 'Brest' WHERE id = 2")
	require.Equal(t, `people 2 update ["phone"]`+"\n"+`schools 1 update ["contacts.city"]`, b.noted())
	b.exec("UPDATE contacts SET parent_id = NULL WHERE id = 2")
	require.Equal(t, `schools 1 update ["contacts.parent_id"]`, b.noted())
}

// The note is there when the edit is, and not before.
func TestTheNoteIsCommittedWithTheEdit(t *testing.T) {
	b := newBench(t)
	before := time.Now().UTC().Add(-time.Minute)
	b.exec("START TRANSACTION", "INSERT INTO contacts (id, name) VALUES (1, 'x')")
	require.Equal(t, "0", rows(t, b.db, "SELECT COUNT(*) FROM sync_outbox"))
	b.exec("COMMIT")
	require.Equal(t, "1", rows(t, b.db, "SELECT COUNT(*) FROM sync_outbox WHERE changed_at > ?", before))
}
