package mysqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"regexp"

	"github.com/go-sql-driver/mysql"

	"odoosync/internal/record"
)

// Error numbers of the server.
const (
	errTooManyConnections = 1040
	errAccessDenied       = 1045
	errAccessDeniedDB     = 1044
	errUnknownDatabase    = 1049
	errServerShutdown     = 1053
	errDuplicate          = 1062
	errDiskFull           = 1021
	errTableFull          = 1114
	errBadForeignKey      = 1005 // MariaDB: a foreign key that does not fit its table
	errIncompatibleKey    = 3780 // MySQL: the same
	errTableDenied        = 1142
	errNoTable            = 1146
	errPacketTooLarge     = 1153
	errLockTimeout        = 1205
	errDeadlock           = 1213
	errOutOfRange         = 1264
	errTruncated          = 1265
	errReadOnly           = 1290
	errWrongValue         = 1292
	errQueryInterrupted   = 1317
	errNoDefault          = 1364
	errWrongStringValue   = 1366
	errTooLong            = 1406
	errNull               = 1048
	errParentRow          = 1451
	errChildRow           = 1452
	errCheckMySQL         = 3819
	errCheckMariaDB       = 4025
	errReadOnlyTx         = 1792
	errConnectionKilled   = 1927
	errServerOffline      = 3032
)

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

// Unavailable reports that the server cannot be used now, whatever was asked:
// wait, and nothing is lost.
func Unavailable(err error) bool {
	switch number(err) {
	case errTooManyConnections, errServerShutdown, errDiskFull, errTableFull, errReadOnly, errReadOnlyTx, errServerOffline, errConnectionKilled:
		return true
	case 0:
		return connectionLost(err)
	}
	return false
}

func connectionLost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
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
	if Unavailable(err) {
		return record.CodeUnavailable, unavailable(number(err))
	}
	switch number(err) {
	case errDeadlock, errLockTimeout, errQueryInterrupted:
		return record.CodeRetryable, "MySQL gave up waiting for another transaction"
	case errAccessDenied, errAccessDeniedDB, errTableDenied:
		return record.CodeConfig, "MySQL refuses the user of database.dsn: check its password and grants"
	case errUnknownDatabase:
		return record.CodeConfig, "the database of database.dsn does not exist on this server: create it first"
	case errNoTable:
		return record.CodeConfig, "a table is missing: run odoosync migrate up"
	}
	if errors.Is(err, mysql.ErrPktTooLarge) {
		return record.CodeRejected, tooLarge
	}
	if sentence := refusal(err); sentence != "" {
		return record.CodeRejected, sentence
	}
	return record.CodeInternal, "MySQL answered with an error; the log has the details"
}

func unavailable(n uint16) string {
	switch n {
	case errDiskFull, errTableFull:
		return "the MySQL server's disk is full"
	case errReadOnly, errReadOnlyTx:
		return "the MySQL server is read-only now"
	case errTooManyConnections:
		return "the MySQL server has no connection free"
	}
	return "the MySQL server cannot be reached"
}

// refusal says what was wrong with the data, naming the column or key the
// server names, and never quoting values or SQL.
func refusal(err error) string {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Number {
	case errDuplicate:
		return "another row has the same value" + named(e.Message, `for key '([^']+)'`, " for key ")
	case errParentRow:
		return "other rows still refer to this one" + named(e.Message, "CONSTRAINT `([^`]+)`", ", constraint ")
	case errChildRow:
		return "the row it refers to does not exist" + named(e.Message, "CONSTRAINT `([^`]+)`", ", constraint ")
	case errTooLong:
		return "a text is too long" + column(e.Message)
	case errOutOfRange:
		return "a number is out of range" + column(e.Message)
	case errTruncated, errWrongValue, errWrongStringValue:
		return "a value does not fit its type" + column(e.Message)
	case errNull, errNoDefault:
		return "a value is missing" + named(e.Message, `(?:Column|Field) '([^']+)'`, " for column ")
	case errCheckMySQL, errCheckMariaDB:
		return "a value is not allowed" + named(e.Message, "(?:constraint|CONSTRAINT) [`']([^`']+)[`']", ", constraint ")
	case errPacketTooLarge:
		return tooLarge
	}
	return ""
}

const tooLarge = "the data is larger than the server's max_allowed_packet"

func column(message string) string {
	return named(message, "column (?:`[^`]*`\\.`[^`]*`\\.)?[`']([^`']+)[`']", " for column ")
}

func named(message, pattern, before string) string {
	m := regexp.MustCompile(pattern).FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	return before + m[1]
}
