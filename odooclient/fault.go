package odooclient

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"odoosync/internal/record"
)

// Fault is Odoo's refusal of a call.
//
// Codes (Odoo's odoo/addons/base/controllers/rpc.py): 1 application error, 2
// warning, validation or missing record, 3 wrong login, 4 missing rights.
type Fault struct {
	Code    int
	Message string // Odoo's sentence, without its traceback
	Trace   string // all of it
}

// FaultLogin is the code of a refused login; the others concern one call.
const FaultLogin = 3

func (f *Fault) Error() string { return fmt.Sprintf("Odoo's fault %d: %s", f.Code, f.Message) }

// Reasons a record that was asked for is not there.
var (
	// ErrMissing: Odoo left the id out of its answer: the record does not exist.
	ErrMissing = record.Errorf(record.CodeRejected, "the record does not exist in Odoo")
	// ErrHidden: the record exists, and the sync user may not read it.
	ErrHidden = record.Errorf(record.CodeDenied, "the sync user may not read the record")
	// ErrNoneResult: the method ran and returned None, which XML-RPC cannot
	// carry. What it did is committed: read the record back and judge by it.
	ErrNoneResult = record.Errorf(record.CodeUnknownOutcome, "the method returned nothing; read the record to see what it did")
)

// exceptionName is what Python puts before the sentence.
var exceptionName = regexp.MustCompile(`^[A-Za-z_][\w.]*(?:Error|Exception|Warning|Failure|Denied|NotAvailable|DeadlockDetected|Violation|DoesNotExist): `)

func newFault(code int, text string) *Fault {
	f := &Fault{Code: code, Trace: text, Message: strings.TrimSpace(text)}
	if strings.HasPrefix(f.Message, "Traceback (most recent call last)") {
		lines := strings.Split(f.Message, "\n")
		f.Message = sentenceOf(lines)
	} else if first, _, found := strings.Cut(f.Message, "\n\n"); found {
		f.Message = strings.TrimSpace(first)
	}
	f.Message = exceptionName.ReplaceAllString(f.Message, "")
	return f
}

// sentenceOf finds the exception's line: the last one that is neither a frame
// nor a continuation of a database's detail.
func sentenceOf(lines []string) string {
	for i := len(lines) - 1; i > 0; i-- {
		if exceptionName.MatchString(lines[i]) {
			return strings.TrimSpace(lines[i])
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}

// passing are signs that Odoo lost a race in PostgreSQL, rolled back, and
// would take the same call later.
var passing = []string{"could not serialize access", "SerializationFailure", "deadlock detected", "DeadlockDetected",
	"could not obtain lock", "LockNotAvailable", "PoolError", "server closed the connection", "InterfaceError"}

// misconfigured are signs that the call itself is wrong for this Odoo.
var misconfigured = []string{"Invalid field", "does not exist on model", "has no attribute", "database \""}

// classify gives a fault its code.
func classify(f *Fault) error {
	if strings.Contains(f.Trace, "cannot marshal None unless allow_none is enabled") {
		return ErrNoneResult
	}
	return record.Wrap(faultCode(f), f, "%s", f.Message)
}

func faultCode(f *Fault) record.Code {
	switch f.Code {
	case FaultLogin:
		return record.CodeConfig
	case 4:
		if modelDenied(f.Message) {
			return record.CodeConfig
		}
		return record.CodeDenied
	case 2:
		if strings.Contains(f.Message, "doesn't exist") && strings.HasPrefix(f.Message, "Object ") {
			return record.CodeConfig
		}
		return record.CodeRejected
	}
	for _, sign := range passing {
		if strings.Contains(f.Trace, sign) {
			return record.CodeRetryable
		}
	}
	for _, sign := range misconfigured {
		if strings.Contains(f.Message, sign) {
			return record.CodeConfig
		}
	}
	if strings.Contains(f.Trace, "OperationalError") { // Odoo has no database connection now
		return record.CodeUnavailable
	}
	return record.CodeRejected
}

// modelDenied tells a whole model that is closed to the user from single
// records a rule hides: Odoo's sentences begin differently (odoo/addons/base/
// models/ir_model.py and ir_rule.py).
func modelDenied(message string) bool {
	return strings.HasPrefix(message, "You are not allowed to")
}

// AsFault returns the fault in an error's chain.
func AsFault(err error) (*Fault, bool) {
	var f *Fault
	ok := errors.As(err, &f)
	return f, ok
}
