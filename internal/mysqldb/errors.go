package mysqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"

	"odoosync/internal/record"
)

// Error numbers of the server that decide something by themselves. What all
// the others mean stands in kinds.
const (
	errBadForeignKey   = 1005 // MariaDB: a foreign key that does not fit its table
	errIncompatibleKey = 3780 // MySQL: the same
	errStorageEngine   = 1030
	errDuplicate       = 1062
	errAccessDeniedDB  = 1044
	errTableDenied     = 1142
	errDeadlock        = 1213
	errLockTimeout     = 1205
	errRaisedByTrigger = 1644
)

// errorOfAFullDisk is the operating system's ENOSPC, as 1030 quotes it.
const errorOfAFullDisk = "error 28"

// The sentences that several numbers share.
const (
	sentenceReadOnly    = "the MySQL server is read-only now"
	sentenceDiskFull    = "the MySQL server's disk is full"
	sentenceUnreachable = "the MySQL server cannot be reached"
	sentenceRefusesUser = "MySQL refuses the user of database.dsn: check its password and grants"
	sentenceTooLarge    = "the data is larger than the server's max_allowed_packet"
	sentenceNoSlot      = "the MySQL server has no connection free"
	sentenceGaveUp      = "MySQL gave up waiting for another transaction"
	sentenceWrongType   = "a value does not fit its type"
	sentenceNoParent    = "the row it refers to does not exist"
	sentenceNotAllowed  = "a value is not allowed"
	sentenceOutOfRange  = "a number is out of range"
	sentenceMissing     = "a value is missing"
	sentenceReferred    = "other rows still refer to this one"
	sentenceBinlog      = "the MySQL server keeps a binary log, and lets only administrators make triggers then (error 1419)"
	mendBinlog          = "set log_bin_trust_function_creators = 1 on the server, or run odoosync migrate up once with an account in database.dsn that has the right SUPER"
	sentenceUnforeseen  = "MySQL answered with an error; the log has the details"
)

// kind is what an error number means to a user. name finds the column or key
// in the server's message; the last match counts, because values, which the
// server quotes as well, stand before it.
type kind struct {
	code     record.Code
	sentence string
	name     *regexp.Regexp
	before   string
}

var (
	keyName    = regexp.MustCompile(`for key '([^']+)'`)
	constraint = regexp.MustCompile("(?i)constraint [`']([^`']+)[`']")
	inColumn   = regexp.MustCompile("column (?:`[^`]*`\\.`[^`]*`\\.)?[`']([^`']+)[`']")
	ofField    = regexp.MustCompile(`(?:Column|Field) '([^']+)'`)
)

var kinds = map[uint16]kind{
	// The server cannot be used now: wait.
	1021: {record.CodeUnavailable, sentenceDiskFull, nil, ""},
	1040: {record.CodeUnavailable, sentenceNoSlot, nil, ""},
	1047: {record.CodeUnavailable, "this node of the MySQL cluster is not ready", nil, ""},
	1053: {record.CodeUnavailable, sentenceUnreachable, nil, ""}, // shutting down
	1114: {record.CodeUnavailable, sentenceDiskFull, nil, ""},
	1203: {record.CodeUnavailable, sentenceNoSlot, nil, ""}, // max_user_connections
	1226: {record.CodeUnavailable, "the user of database.dsn has used up what the MySQL server grants it", nil, ""},
	1290: {record.CodeUnavailable, sentenceReadOnly, nil, ""},
	1792: {record.CodeUnavailable, sentenceReadOnly, nil, ""},
	1836: {record.CodeUnavailable, sentenceReadOnly, nil, ""},
	1927: {record.CodeUnavailable, sentenceUnreachable, nil, ""}, // MariaDB: the connection was killed
	3032: {record.CodeUnavailable, sentenceUnreachable, nil, ""}, // offline mode
	4031: {record.CodeUnavailable, sentenceUnreachable, nil, ""}, // MySQL: idle for too long

	// Others were in the way: again.
	1205: {record.CodeRetryable, sentenceGaveUp, nil, ""},
	1213: {record.CodeRetryable, sentenceGaveUp, nil, ""},
	1317: {record.CodeRetryable, "MySQL was told to stop the work (KILL QUERY)", nil, ""},
	1969: {record.CodeRetryable, "MySQL stopped the work at its time limit (max_statement_time)", nil, ""},
	3024: {record.CodeRetryable, "MySQL stopped the work at its time limit (max_execution_time)", nil, ""},

	// A person must mend the account or the schema.
	1044: {record.CodeConfig, sentenceRefusesUser, nil, ""},
	1045: {record.CodeConfig, sentenceRefusesUser, nil, ""},
	1142: {record.CodeConfig, sentenceRefusesUser, nil, ""},
	1143: {record.CodeConfig, sentenceRefusesUser, nil, ""}, // a column
	1227: {record.CodeConfig, sentenceRefusesUser, nil, ""}, // an administrator's right
	1698: {record.CodeConfig, sentenceRefusesUser, nil, ""},
	1129: {record.CodeConfig, "MySQL has blocked this machine after too many failed connections: run FLUSH HOSTS there", nil, ""},
	1130: {record.CodeConfig, "MySQL lets no one in from this machine: make the user of database.dsn for its address", nil, ""},
	1820: {record.CodeConfig, "the password of the user of database.dsn has expired: set a new one", nil, ""},
	1862: {record.CodeConfig, "the password of the user of database.dsn has expired: set a new one", nil, ""},
	3118: {record.CodeConfig, "the user of database.dsn is locked: unlock it", nil, ""},
	4151: {record.CodeConfig, "the user of database.dsn is locked: unlock it", nil, ""}, // MariaDB
	3159: {record.CodeConfig, "the MySQL server takes only encrypted connections: add ?tls=true to database.dsn", nil, ""},
	1049: {record.CodeConfig, "the database of database.dsn does not exist on this server: create it first", nil, ""},
	1054: {record.CodeConfig, "a column is missing: run odoosync migrate up, or mend the mapping", inColumn, ", column "},
	1146: {record.CodeConfig, "a table is missing: run odoosync migrate up", nil, ""},

	1359: {record.CodeConfig, "a trigger of that name is there already, perhaps on another table: drop it", nil, ""},
	1419: {record.CodeConfig, sentenceBinlog + ": " + mendBinlog, nil, ""},
	1449: {record.CodeConfig, "the account that made a trigger of the table is gone: drop the trigger, then run odoosync migrate up", nil, ""},

	// The data was refused and will be again.
	1048: {record.CodeRejected, sentenceMissing, ofField, " for column "},
	1062: {record.CodeRejected, "another row has the same value", keyName, " for key "},
	1153: {record.CodeRejected, sentenceTooLarge, nil, ""},
	1216: {record.CodeRejected, sentenceNoParent, nil, ""}, // to a user who may not see the other table
	1217: {record.CodeRejected, sentenceReferred, nil, ""},
	1264: {record.CodeRejected, sentenceOutOfRange, inColumn, " for column "},
	1265: {record.CodeRejected, sentenceWrongType, inColumn, " for column "},
	1292: {record.CodeRejected, sentenceWrongType, inColumn, " for column "},
	1364: {record.CodeRejected, sentenceMissing, ofField, " for column "},
	1366: {record.CodeRejected, sentenceWrongType, inColumn, " for column "},
	1406: {record.CodeRejected, "a text is too long", inColumn, " for column "},
	1451: {record.CodeRejected, sentenceReferred, constraint, ", constraint "},
	1452: {record.CodeRejected, sentenceNoParent, constraint, ", constraint "},
	1644: {record.CodeRejected, "a trigger of the table refused the row", nil, ""},
	1690: {record.CodeRejected, sentenceOutOfRange, nil, ""},
	3140: {record.CodeRejected, "a value is not JSON", inColumn, " for column "},
	3819: {record.CodeRejected, sentenceNotAllowed, constraint, ", constraint "}, // MySQL
	4025: {record.CodeRejected, sentenceNotAllowed, constraint, ", constraint "}, // MariaDB
}

func number(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// IsDuplicate reports a second row for a unique key.
func IsDuplicate(err error) bool { return number(err) == errDuplicate }

// replayable reports that the server rolled the transaction back, so that the
// same one can be run again.
func replayable(err error) bool {
	return number(err) == errDeadlock
}

func stopped(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func connectionLost(err error) bool {
	if stopped(err) || number(err) != 0 {
		return false
	}
	var netErr net.Error
	return errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, sql.ErrConnDone) || errors.As(err, &netErr)
}

// Explain gives an error its code and a sentence for a user, without SQL. A nil
// error stays nil; one that has a code keeps it.
func Explain(err error) error {
	var known *record.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	code, sentence := explain(err)
	return record.Wrap(code, err, "%s", sentence)
}

func explain(err error) (record.Code, string) {
	switch {
	case stopped(err):
		return record.CodeUnavailable, "the MySQL server did not answer in time, or the work was stopped"
	case connectionLost(err):
		return record.CodeUnavailable, sentenceUnreachable
	case errors.Is(err, mysql.ErrPktTooLarge):
		return record.CodeRejected, sentenceTooLarge
	}
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return record.CodeInternal, sentenceUnforeseen
	}
	k, known := kinds[e.Number]
	switch {
	case e.Number == errStorageEngine && strings.Contains(e.Message, errorOfAFullDisk):
		return record.CodeUnavailable, sentenceDiskFull
	case e.Number == errRaisedByTrigger:
		return k.code, k.sentence + ": " + e.Message // its author wrote it for a person
	case !known:
		return record.CodeInternal, sentenceUnforeseen
	}
	return k.code, k.sentence + k.named(e.Message)
}

// named gives the column or key the server names: never a value, never SQL.
func (k kind) named(message string) string {
	if k.name == nil {
		return ""
	}
	all := k.name.FindAllStringSubmatch(message, -1)
	if all == nil {
		return ""
	}
	return k.before + all[len(all)-1][1]
}
