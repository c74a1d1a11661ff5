package reconcile_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// docStep is one thing docs/push.md shows: SQL, with what it returns below it,
// or a remark that tells what happens elsewhere meanwhile.
type docStep struct {
	line   int
	sql    string
	want   string // a Markdown table; "" for statements that return nothing
	remark string
}

var remark = regexp.MustCompile(`<!-- (odoo|mapping): (.*?) -->`)

// docSteps reads a document: fenced blocks of SQL, the table that follows one,
// and the remarks a reader does not see.
func docSteps(t testing.TB, path string) []docStep {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var steps []docStep
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		if m := remark.FindStringSubmatch(lines[i]); m != nil {
			steps = append(steps, docStep{line: i + 1, remark: m[1] + ": " + m[2]})
		}
		if lines[i] != "```sql" {
			continue
		}
		step := docStep{line: i + 1}
		for i++; lines[i] != "```"; i++ {
			step.sql += lines[i] + "\n"
		}
		if strings.HasPrefix(step.sql, "SELECT") && strings.HasPrefix(lines[i+2], "|") {
			for i += 2; strings.HasPrefix(lines[i], "|"); i++ {
				step.want += lines[i] + "\n"
			}
			i--
		}
		steps = append(steps, step)
	}
	return steps
}

func (s docStep) statements() []string {
	var out []string
	for _, one := range strings.Split(s.sql, ";\n") {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// What docs/push.md shows is what happens, in every version of Odoo.
func TestThePushDocument(t *testing.T) {
	steps := docSteps(t, "../docs/push.md")
	require.Greater(t, len(steps), 30)
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			b := newPushBench(t, version)
			for _, step := range steps {
				switch {
				case step.remark != "":
					b.follow(step)
				case step.want == "":
					b.alone(step)
				default:
					b.settle()
					assert.Equal(t, step.want, b.markdown(step.statements()[0]), "docs/push.md:%d", step.line)
				}
			}
		})
	}
}

// alone runs a block as the API does, its transactions as they are written.
func (b *pushBench) alone(step docStep) {
	b.t.Helper()
	conn, err := b.db.Conn(b.ctx)
	require.NoError(b.t, err)
	defer conn.Close()
	for _, s := range append(append([]string{"SET @odoosync_applying = NULL"}, step.statements()...), "SET @odoosync_applying = 1") {
		_, err := conn.ExecContext(b.ctx, s)
		require.NoError(b.t, err, "docs/push.md:%d: %s", step.line, s)
	}
}

var told = regexp.MustCompile(`^odoo: (an hour ago|now): (\S+) (\S+) (\S+): (.*)$`)

// follow does what a remark says: an edit in Odoo, or another mapping.
func (b *pushBench) follow(step docStep) {
	b.t.Helper()
	if change, ok := strings.CutPrefix(step.remark, "mapping: "); ok {
		old, replacement, _ := strings.Cut(change, " -> ")
		b.mapped = b.mappingWith(b.client, "    "+old+"\n", "    "+replacement+"\n")
		b.remote(b.client)
		return
	}
	m := told.FindStringSubmatch(step.remark)
	require.NotNil(b.t, m, "docs/push.md:%d: %s", step.line, step.remark)
	values := odoosim.Values{}
	for _, one := range strings.Split(m[5], "; ") {
		name, value, _ := strings.Cut(one, " = ")
		values[name] = value
	}
	for _, id := range b.sim.IDs(m[2]) {
		if b.sim.Get(m[2], id)[m[3]] != m[4] {
			continue
		}
		b.sim.Write(m[2], id, values)
		if m[1] != "now" {
			b.writtenAt(m[2], id, -time.Hour)
		}
		return
	}
	b.t.Fatalf("docs/push.md:%d: Odoo has no such record", step.line)
}

// markdown shows a query's result as the document does.
func (b *pushBench) markdown(query string) string {
	b.t.Helper()
	rows, err := b.db.QueryContext(b.ctx, query)
	require.NoError(b.t, err, query)
	columns, err := rows.Columns()
	require.NoError(b.t, err)
	require.NoError(b.t, rows.Close())
	out := "| " + strings.Join(columns, " | ") + " |\n" + strings.Repeat("|---", len(columns)) + "|\n"
	for _, line := range strings.Split(b.rows(query), "\n") {
		out += "| " + line + " |\n"
	}
	return out
}

// What the document says of REPLACE.
func TestAReplacedRowLosesWhatIsLeftOut(t *testing.T) {
	for name, statement := range map[string]string{
		"by its odoo_id": "REPLACE INTO contacts (odoo_id, name, city) SELECT odoo_id, name, 'Nantes' FROM contacts",
		"by its id":      "REPLACE INTO contacts (id, name, city) SELECT id, name, 'Nantes' FROM contacts",
	} {
		t.Run(name, func(t *testing.T) {
			b := newPushBench(t, 17)
			id := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "phone": "02"})
			b.sync("res.partner", id)
			b.api(statement)
			b.settle()
			require.Equal(t, []int64{id}, b.sim.IDs("res.partner"))
			got := b.sim.Get("res.partner", id)
			require.Equal(t, []any{"Nantes", false, true}, []any{got["city"], got["phone"], got["active"]})
			require.Equal(t, "1 | synced", b.rows("SELECT c.odoo_id, s.state FROM contacts c JOIN sync_status s ON s.local_id = c.id"))
		})
	}
}
