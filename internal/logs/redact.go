package logs

import (
	"errors"
	"fmt"
	"regexp"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// Failure is an error as fields: its code, the sentence and the cause, as far as
// they may be shown.
func Failure(err error) zap.Field {
	if err == nil {
		return zap.Skip()
	}
	return zap.Inline(failure{err: err})
}

// Panic is what a panic told.
func Panic(value any) zap.Field {
	if err, ok := value.(error); ok {
		return Failure(err)
	}
	return Failure(fmt.Errorf("%v", value))
}

// Text is a text in whose quotes a sender's words may stand.
func Text(key, value string) zap.Field { return zap.Stringer(key, text{value: value}) }

type text struct {
	value string
	open  bool
}

func (t text) String() string {
	if t.open {
		return t.value
	}
	return unquoted(t.value)
}

type failure struct {
	err  error
	open bool
}

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (f failure) MarshalLogObject(e zapcore.ObjectEncoder) error {
	code := record.CodeOf(f.err)
	e.AddString("code", string(code))
	show := shown(code, f.err)
	if f.open {
		show = func(s string) string { return s }
	}
	if show == nil {
		return nil
	}
	e.AddString("reason", show(record.Message(f.err)))
	if cause := f.err.Error(); cause != record.Message(f.err) {
		e.AddString("cause", show(cause))
	}
	return nil
}

// shown is what is done to an error's words before they are shown; nil: they are
// not. The package documentation has the table.
func shown(code record.Code, err error) func(string) string {
	var fault *odooclient.Fault
	switch {
	case code.Final():
		return nil
	case code == record.CodeInternal, errors.As(err, &fault):
		return unquoted
	}
	return scrubbed
}

var (
	email = regexp.MustCompile(`[\p{L}\p{N}._%+-]+@[\p{L}\p{N}.-]*[\p{L}\p{N}]`)
	iban  = regexp.MustCompile(`\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b`)
	// What has eight digits or more is a telephone's, a company's or an account's
	// number; times and addresses of hosts have their own form.
	number = regexp.MustCompile(`\+?\d(?:[ ./()-]{0,2}\d){7,}`)
	clock  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}|^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$`)
	quoted = regexp.MustCompile(`"[^"]*"|“[^”]*”|«[^»]*»|‘[^’]*’|'[^']*'|\([^()]*=\([^()]*\)[^()]*\)|=\([^()]*\)`)
)

// scrubbed cuts what is known by its form.
func scrubbed(s string) string {
	s = email.ReplaceAllString(s, "[e-mail]")
	s = iban.ReplaceAllString(s, "[account]")
	return number.ReplaceAllStringFunc(s, func(found string) string {
		if clock.MatchString(found) {
			return found
		}
		return "[number]"
	})
}

// unquoted also cuts what stands in quotes, or behind a key as PostgreSQL writes
// it. An apostrophe within a word opens nothing.
func unquoted(s string) string {
	runes := []rune(s)
	for i := 1; i < len(runes)-1; i++ {
		if (runes[i] == '\'' || runes[i] == '’') && unicode.IsLetter(runes[i-1]) && unicode.IsLetter(runes[i+1]) {
			runes[i] = apostrophe
		}
	}
	s = quoted.ReplaceAllString(string(runes), "[…]")
	out := []rune(s)
	for i, r := range out {
		if r == apostrophe {
			out[i] = '\''
		}
	}
	return scrubbed(string(out))
}

// apostrophe stands for one meanwhile.
const apostrophe = '\uE000'
