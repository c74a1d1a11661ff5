package app_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// ownTables makes the example's tables. change replaces pieces of their text.
func ownTables(t *testing.T, db *mysqldb.DB, change ...string) {
	t.Helper()
	text, err := os.ReadFile("../../configs/examples/own-tables.sql")
	require.NoError(t, err)
	for _, statement := range strings.Split(strings.NewReplacer(change...).Replace(string(text)), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
}

func TestCheckAndServeOnTablesOfOnesOwn(t *testing.T) {
	_, url := simulator(t)
	dsn := dbtest.DSN(t)
	db := dbtest.Open(t, dsn)
	ownTables(t, db)
	c := configs.Default()
	simulated(url)(&c)
	c.Mapping.File = "../../configs/examples/own-tables.yaml"
	_, err := app.InstallTriggers(context.Background(), c, db, &strings.Builder{})
	require.NoError(t, err)
	report := app.Check(context.Background(), c, db)
	require.Zero(t, report.Problems, strings.Join(report.Lines, "\n"))
	require.Contains(t, report.Lines, "ok       clients: res.partner in table clients, 5 fields")
}

// A table without transactions would keep half of a record.
func TestMyISAMIsRefused(t *testing.T) {
	_, url := simulator(t)
	dsn := dbtest.DSN(t)
	db := dbtest.Open(t, dsn)
	ownTables(t, db, "eleve_id       INT NULL,                            -- the API's own\n    FOREIGN KEY (facture_no) REFERENCES factures (facture_no)\n) ENGINE=InnoDB",
		"eleve_id INT NULL) ENGINE=MyISAM")
	const want = "the table facture_lignes is MyISAM: only InnoDB has the transactions a sync needs (ALTER TABLE facture_lignes ENGINE=InnoDB)"
	c := configs.Default()
	simulated(url)(&c)
	c.Mapping.File = "../../configs/examples/own-tables.yaml"
	report := app.Check(context.Background(), c, db)
	require.Equal(t, record.CodeConfig, report.Code)
	require.Contains(t, strings.Join(report.Lines, "\n"), want)

	c.Database.DSN, c.HTTP.Listen = configs.Secret(dsn), "127.0.0.1:0"
	a, err := app.Start(context.Background(), c, app.Options{VarDir: t.TempDir(), Logger: zaptest.NewLogger(t)})
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Stop(context.Background())) }()
	require.ErrorContains(t, <-a.Failed(), want)
}
