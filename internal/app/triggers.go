package app

import (
	"context"
	"fmt"
	"io"

	"odoosync/configs"
	"odoosync/internal/capture"
	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/mapping"
)

// InstallTriggers brings the triggers in line with the mapping, which it has to
// bind to Odoo for that, and says what it did. left tells that Odoo could not be
// asked, so that the triggers are as they were.
func InstallTriggers(ctx context.Context, c configs.Config, db *mysqldb.DB, out io.Writer) (left bool, err error) {
	if c.Odoo.URL == "" {
		fmt.Fprintln(out, "No odoo.url is set, so there is nobody to send edits to: no triggers are made.")
		return false, nil
	}
	client, err := NewClient(c, nil, nil)
	if err != nil {
		return false, err
	}
	defer client.Close()
	m, _, err := Bind(ctx, c, client, db)
	if record.CodeOf(err) == record.CodeUnavailable {
		fmt.Fprintf(out, "The triggers were not checked: %s. Run odoosync migrate up again when Odoo answers; serve checks them too.\n", record.Message(err))
		return true, nil
	}
	if err != nil {
		return false, record.Wrap(record.CodeOf(err), err, "the triggers were not checked: %s", record.Message(err))
	}
	changed, err := capture.Install(ctx, db, m)
	for _, line := range changed {
		fmt.Fprintln(out, line)
	}
	if err == nil {
		fmt.Fprintln(out, "The triggers are up to date.")
	}
	return false, err
}

// captureEdits installs the triggers at the start. A user who may not make them, or a
// table in use, does not keep the daemon from bringing Odoo's changes.
func (a *App) captureEdits(ctx context.Context, m *mapping.Mapping) {
	if a.client == nil {
		return
	}
	changed, err := capture.Install(ctx, a.db, m)
	for _, line := range changed {
		a.log.Info(line)
	}
	if err != nil && ctx.Err() == nil {
		a.log.Warn("edits of the API may not be captured: odoosync check says which, odoosync migrate up mends it",
			logs.Failure(err))
	}
}
