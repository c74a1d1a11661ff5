package mysqldb

import (
	"context"
	"strings"
)

// TriggerProblems says what keeps the user from making triggers, and even from
// seeing those that are there.
func (db *DB) TriggerProblems(ctx context.Context) ([]Problem, error) {
	have, err := db.rights(ctx)
	if err != nil {
		return nil, err
	}
	var problems []Problem
	if !have["TRIGGER"] {
		problems = append(problems, Problem{"the user can neither see nor make triggers: it lacks TRIGGER on " + db.name,
			"GRANT TRIGGER ON `" + db.name + "`.* TO the user of database.dsn, or run odoosync migrate up with an account in database.dsn that has it"})
	}
	if have["SUPER"] || have["BINLOG ADMIN"] { // the latter on MariaDB
		return problems, nil
	}
	untrusted, err := db.untrusted(ctx)
	if untrusted {
		problems = append(problems, Problem{sentenceBinlog, mendBinlog})
	}
	return problems, err
}

// untrusted tells a server that lets only administrators make triggers. SHOW
// takes a variable that a later server no longer has for one that is not set.
func (db *DB) untrusted(ctx context.Context) (bool, error) {
	rows, err := db.QueryContext(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'log_bin_trust_function_creators')")
	if err != nil {
		return false, Explain(err)
	}
	defer rows.Close()
	on := map[string]bool{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return false, Explain(err)
		}
		on[name] = strings.EqualFold(value, "ON")
	}
	return on["log_bin"] && !on["log_bin_trust_function_creators"], Explain(rows.Err())
}
