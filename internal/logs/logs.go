package logs

import (
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Options say how the log is written.
type Options struct {
	Level        string // debug, info, warn, error
	Format       string // console or json
	PersonalData bool   // shows errors whole
	Out          io.Writer
}

// New makes a logger.
func New(o Options) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(o.Level)
	if err != nil {
		return nil, err
	}
	encoding := zap.NewProductionEncoderConfig()
	encoding.EncodeTime = zapcore.ISO8601TimeEncoder
	encoding.EncodeDuration = zapcore.SecondsDurationEncoder
	encoder := zapcore.NewJSONEncoder(encoding)
	if o.Format == "console" {
		encoding.EncodeLevel = zapcore.CapitalLevelEncoder
		encoding.EncodeDuration = zapcore.StringDurationEncoder
		encoder = zapcore.NewConsoleEncoder(encoding)
	}
	core := zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(o.Out)), level)
	if o.PersonalData {
		core = opened{core}
	}
	return zap.New(core), nil
}

// opened is a core that shows errors whole.
type opened struct{ zapcore.Core }

// With implements zapcore.Core.
func (c opened) With(fields []zapcore.Field) zapcore.Core { return opened{c.Core.With(open(fields))} }

// Check implements zapcore.Core.
func (c opened) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements zapcore.Core.
func (c opened) Write(e zapcore.Entry, fields []zapcore.Field) error {
	return c.Core.Write(e, open(fields))
}

func open(fields []zapcore.Field) []zapcore.Field {
	out := make([]zapcore.Field, len(fields))
	for i, f := range fields {
		switch v := f.Interface.(type) {
		case failure:
			v.open = true
			f.Interface = v
		case text:
			v.open = true
			f.Interface = v
		}
		out[i] = f
	}
	return out
}
