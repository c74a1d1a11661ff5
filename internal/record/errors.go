package record

import (
	"errors"
	"fmt"
)

// Code classifies an error by what to do about it, so that no caller matches
// texts.
type Code string

// Waits tells errors that say nothing of the data: a side is away, or does not
// let us in. Such work waits, and it costs no attempt.
func (c Code) Waits() bool {
	return c == CodeUnavailable || c == CodeConfig || c == CodeUnknownOutcome
}

// Final tells errors that the same data would meet again.
func (c Code) Final() bool { return c == CodeRejected || c == CodeDenied }

const (
	// CodeUnavailable: the other side is down or asks us to wait. Wait and try
	// again; it consumes no attempt.
	CodeUnavailable Code = "unavailable"
	// CodeRetryable: a passing failure (a deadlock, a serialisation failure).
	CodeRetryable Code = "retryable"
	// CodeRejected: the data was refused; the same data will be refused again.
	CodeRejected Code = "rejected"
	// CodeDenied: rights are missing, or the record is hidden from us.
	CodeDenied Code = "denied"
	// CodeUnknownOutcome: a write may or may not have happened; read back.
	CodeUnknownOutcome Code = "unknown_outcome"
	// CodeConfig: a setting, mapping or schema must be mended by a person.
	CodeConfig Code = "config"
	// CodeInternal: everything unforeseen.
	CodeInternal Code = "internal"
)

// Error is a failure a user may read: Message is a whole sentence that says
// what happened, where, and what to do, without secrets, SQL or traces.
type Error struct {
	Code    Code
	Message string
	Err     error // the cause, for logs; may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without a cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error around a cause.
func Wrap(code Code, err error, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// CodeOf returns the code of the outermost Error in err's chain, or
// CodeInternal. A nil error has no code: "".
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// Message returns the sentence a user may read: the outermost Error's Message,
// or a neutral sentence for an error nobody classified.
func Message(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "an internal error happened; the log has the details"
}
