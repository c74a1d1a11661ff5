package capture_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"odoosync/internal/capture"
	"odoosync/internal/dbtest"
	"odoosync/internal/record"
	"odoosync/mapping"
)

func TestInstallMakesWhatIsMissingAndThenNothing(t *testing.T) {
	b := bare(t)
	m := defaultMapping(t, b.db)
	problems := b.problems(m)
	require.Len(t, problems, 7, "one a table")
	require.Equal(t, "edits of the table contacts are not captured: it lacks odoosync_contacts_ad, odoosync_contacts_ai, odoosync_contacts_au", problems[0])
	require.Len(t, b.install(m), 21)
	require.Empty(t, b.problems(m))
	require.Empty(t, b.install(m))
}

func TestWhatDiffersIsFoundAndMended(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  []string
		problem string
		changed string
	}{
		{"a trigger is missing", []string{"DROP TRIGGER odoosync_leads_au"}, "edits of the table leads are not captured: it lacks odoosync_leads_au", "made the trigger odoosync_leads_au on leads"},
		{"a trigger was changed", []string{"DROP TRIGGER odoosync_leads_au", "CREATE TRIGGER odoosync_leads_au AFTER UPDATE ON leads FOR EACH ROW BEGIN END"},
			"edits of the table leads are captured as an older mapping wanted, or as somebody changed it: odoosync_leads_au differ from what the mapping needs", "replaced the trigger odoosync_leads_au on leads"},
		{"a trigger on a table that is not mapped", []string{"CREATE TRIGGER odoosync_old_ai AFTER INSERT ON sync_runs FOR EACH ROW BEGIN END"},
			"the table sync_runs has triggers of odoosync that the mapping does not need: odoosync_old_ai", "dropped the trigger odoosync_old_ai on sync_runs"},
		{"a replacement that was cut off after its first step", []string{"CREATE TRIGGER odoosync_leads_au_new AFTER UPDATE ON leads FOR EACH ROW BEGIN END"},
			"the table leads has triggers of odoosync that the mapping does not need: odoosync_leads_au_new", "dropped the trigger odoosync_leads_au_new on leads"},
		{"and after its second", []string{"DROP TRIGGER odoosync_leads_au", "CREATE TRIGGER odoosync_leads_au_new AFTER UPDATE ON leads FOR EACH ROW BEGIN END"},
			"edits of the table leads are not captured: it lacks odoosync_leads_au\nthe table leads has triggers of odoosync that the mapping does not need: odoosync_leads_au_new",
			"made the trigger odoosync_leads_au on leads\ndropped the trigger odoosync_leads_au_new on leads"},
		{"a replacement that was cut off, and then another mapping", []string{"DROP TRIGGER odoosync_leads_au", "CREATE TRIGGER odoosync_leads_au AFTER UPDATE ON leads FOR EACH ROW BEGIN END",
			"CREATE TRIGGER odoosync_leads_au_new AFTER UPDATE ON leads FOR EACH ROW BEGIN END"},
			"edits of the table leads are captured as an older mapping wanted, or as somebody changed it: odoosync_leads_au differ from what the mapping needs\nthe table leads has triggers of odoosync that the mapping does not need: odoosync_leads_au_new",
			"replaced the trigger odoosync_leads_au on leads\ndropped the trigger odoosync_leads_au_new on leads"},
		{"a table that was put in the place of another", []string{"CREATE TABLE fresh LIKE travels", "RENAME TABLE travels TO old_travels, fresh TO travels"},
			"edits of the table travels are not captured: it lacks odoosync_travels_ad, odoosync_travels_ai, odoosync_travels_au",
			"dropped the trigger odoosync_travels_ad on old_travels\ndropped the trigger odoosync_travels_ai on old_travels\ndropped the trigger odoosync_travels_au on old_travels\n" +
				"made the trigger odoosync_travels_ad on travels\nmade the trigger odoosync_travels_ai on travels\nmade the trigger odoosync_travels_au on travels"},
		{"another program's trigger is its own", []string{"CREATE TRIGGER api_leads AFTER UPDATE ON leads FOR EACH ROW BEGIN END"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			m := defaultMapping(t, b.db)
			b.exec("SET sql_mode = ''")
			b.exec(tt.change...)
			require.Equal(t, tt.problem, strings.Join(b.problems(m), "\n"))
			require.Equal(t, tt.changed, strings.Join(b.install(m), "\n"))
			require.Empty(t, b.problems(m))
			b.exec("INSERT INTO leads (id) VALUES (1)", "UPDATE leads SET name = 'x'")
			require.Equal(t, `leads 1 insert ["active","status"]`+"\n"+`leads 1 update ["name"]`, b.noted())
		})
	}
}

// A body that is right runs wrong in another sql_mode.
func TestATriggerOfAnotherSqlModeIsStale(t *testing.T) {
	b := newBench(t)
	m := defaultMapping(t, b.db)
	want := capture.Want(m)
	i := slices.IndexFunc(want, func(w capture.Trigger) bool { return w.Name == "odoosync_leads_ad" })
	b.exec("SET sql_mode = 'STRICT_ALL_TABLES'", "DROP TRIGGER odoosync_leads_ad", "CREATE TRIGGER odoosync_leads_ad AFTER DELETE ON leads FOR EACH ROW "+want[i].Body)
	require.Len(t, b.problems(m), 1)
	require.Equal(t, []string{"replaced the trigger odoosync_leads_ad on leads"}, b.install(m))
}

func TestAnotherMappingReplacesOnlyWhatDiffers(t *testing.T) {
	b := newBench(t)
	m := defaultMapping(t, b.db)
	contacts := m.ByName("contacts")
	contacts.Fields = slices.DeleteFunc(contacts.Fields, func(f *mapping.Field) bool { return f.Column == "phone" })
	m.Entities = slices.DeleteFunc(m.Entities, func(e *mapping.Entity) bool { return e.Name == "travels" })
	require.Equal(t, []string{"replaced the trigger odoosync_contacts_ai on contacts", "replaced the trigger odoosync_contacts_au on contacts",
		"dropped the trigger odoosync_travels_ad on travels", "dropped the trigger odoosync_travels_ai on travels", "dropped the trigger odoosync_travels_au on travels"}, b.install(m))
	b.exec("INSERT INTO contacts (id, phone) VALUES (1, '1')", "UPDATE contacts SET phone = '2'")
	require.Equal(t, `contacts 1 insert ["active","is_company"]`, b.noted())
}

func TestLongTableNames(t *testing.T) {
	b := bare(t)
	m := &mapping.Mapping{}
	for _, end := range []string{"a", "b"} {
		table := strings.Repeat("é", 60) + "_" + end
		b.exec("CREATE TABLE `" + table + "` (id INT PRIMARY KEY, odoo_id BIGINT NULL)")
		m.Entities = append(m.Entities, &mapping.Entity{Name: "long_" + end, Table: table, IDColumn: "id", OdooIDColumn: "odoo_id"})
	}
	require.Len(t, b.install(m), 6)
	b.exec("INSERT INTO `" + m.Entities[1].Table + "` (id) VALUES (1)")
	require.Equal(t, "long_b 1 insert []", b.noted())
	for _, e := range m.Entities {
		e.Fields = []*mapping.Field{{Column: "odoo_id"}}
		e.OdooIDColumn = ""
	}
	require.Len(t, b.install(m), 4, "replaced under names of full length")
	require.Empty(t, b.problems(m))
}

func TestManyDaemonsInstallAtOnce(t *testing.T) {
	b := bare(t)
	m := defaultMapping(t, b.db)
	var group sync.WaitGroup
	var mu sync.Mutex
	var all []string
	for range 4 {
		db := dbtest.Open(t, b.dsn)
		group.Go(func() {
			changed, err := capture.Install(ctx, db, m)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			all = append(all, changed...)
			mu.Unlock()
		})
	}
	group.Wait()
	require.Len(t, all, 21, "each was made once")
	require.Empty(t, b.problems(m))
}

// While triggers are replaced again and again, an API goes on editing, and
// every edit leaves a note.
func TestNoEditGoesByWhileTriggersAreReplaced(t *testing.T) {
	b := bare(t)
	maps := []*mapping.Mapping{{Entities: []*mapping.Entity{contactsOf("contacts", "name")}}, {Entities: []*mapping.Entity{contactsOf("contacts", "name", "city")}}}
	b.install(maps[0])
	stop, written := make(chan struct{}), 0
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := b.api.ExecContext(ctx, fmt.Sprintf("INSERT INTO contacts (id, name) VALUES (%d, 'x')", written+1)); err != nil {
				t.Error(err)
				return
			}
			written++
		}
	})
	for i := range 10 {
		b.install(maps[(i+1)%2])
	}
	close(stop)
	group.Wait()
	require.Positive(t, written)
	require.Equal(t, fmt.Sprint(written), rows(t, b.db, "SELECT COUNT(DISTINCT local_id) FROM sync_outbox"))
}

func TestATableInUseIsNamed(t *testing.T) {
	defer capture.WaitLess()()
	b := bare(t)
	b.exec("START TRANSACTION", "INSERT INTO contacts (id) VALUES (1)")
	_, err := capture.Install(ctx, b.db, defaultMapping(t, b.db))
	require.Equal(t, record.CodeRetryable, record.CodeOf(err))
	require.Contains(t, record.Message(err), "on the table contacts cannot be changed: a transaction of another program holds the table")
	require.Contains(t, record.Message(err), "run odoosync migrate up when it has ended")
	b.exec("COMMIT")
	require.NotEmpty(t, b.install(defaultMapping(t, b.db)))
}

func TestWithoutTheRight(t *testing.T) {
	b := bare(t)
	m := defaultMapping(t, b.db)
	user := "plain_" + b.db.Name()[2:]
	for _, s := range []string{"CREATE USER '" + user + "'@'%' IDENTIFIED BY 'Plain-pass-1'", "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON `" + b.db.Name() + "`.* TO '" + user + "'@'%'"} {
		_, err := b.db.Exec(s)
		require.NoError(t, err)
	}
	t.Cleanup(func() { _, _ = b.db.Exec("DROP USER '" + user + "'@'%'") })
	c, err := mysql.ParseDSN(b.dsn)
	require.NoError(t, err)
	c.User, c.Passwd = user, "Plain-pass-1"
	plain := dbtest.Open(t, c.FormatDSN())
	_, err = capture.Install(ctx, plain, m)
	require.Equal(t, record.CodeConfig, record.CodeOf(err))
	require.Contains(t, record.Message(err), "odoosync check says what is missing")
	problems, err := capture.Check(ctx, plain, m)
	require.NoError(t, err)
	texts := fmt.Sprint(problems)
	require.Contains(t, texts, "it lacks TRIGGER on "+b.db.Name())
	require.Contains(t, texts, "GRANT TRIGGER ON `"+b.db.Name()+"`.*")

	_, err = b.db.Exec("GRANT TRIGGER ON `" + b.db.Name() + "`.* TO '" + user + "'@'%'")
	require.NoError(t, err)
	able := dbtest.Open(t, c.FormatDSN()) // a connection keeps the rights it began with
	_, err = capture.Install(ctx, able, m)
	problems, checked := capture.Check(ctx, able, m)
	require.NoError(t, checked)
	if err != nil { // a server with a binary log that trusts administrators only
		require.Contains(t, record.Message(err), "set log_bin_trust_function_creators = 1 on the server, or run odoosync migrate up once")
		require.Contains(t, fmt.Sprint(problems), "error 1419")
		return
	}
	require.Empty(t, problems)

	_, err = b.db.Exec("REVOKE TRIGGER ON `" + b.db.Name() + "`.* FROM '" + user + "'@'%'")
	require.NoError(t, err)
	problems, err = capture.Check(ctx, dbtest.Open(t, c.FormatDSN()), m)
	require.NoError(t, err)
	require.Contains(t, fmt.Sprint(problems), "it lacks TRIGGER on "+b.db.Name(), "one server hides such a user the triggers, the other what they do")
}
