package mysqldb

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"odoosync/internal/record"
)

// Options say where the database is and how hard to use it.
type Options struct {
	// DSN is user:password@tcp(host:3306)/name as the Go driver reads it, or a
	// mysql://user:password@host:3306/name URL.
	DSN     string
	MaxOpen int // connections; 0: 16
	// Foreign connections are those of another program, such as the API: the
	// triggers take what is edited on them for edits that Odoo is to get.
	Foreign     bool
	ReadTimeout time.Duration // for one answer; 0: 60 seconds
}

// DB is a pool of connections. It is safe for concurrent use.
type DB struct {
	*sql.DB
	name string
}

// Open makes the pool. It does not connect: use Ping or the first query.
func Open(o Options) (*DB, error) {
	cfg, err := parse(o.DSN)
	if err != nil {
		return nil, err
	}
	configure(cfg, o)
	// MySQL would round nanoseconds where MariaDB cuts them.
	if err := cfg.Apply(mysql.TimeTruncate(time.Microsecond)); err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, record.Wrap(record.CodeConfig, err, "database.dsn %s is not usable", Redact(o.DSN))
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(o.maxOpen())
	pool.SetMaxIdleConns(o.maxOpen())
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return &DB{DB: pool, name: cfg.DBName}, nil
}

func (o Options) maxOpen() int {
	if o.MaxOpen == 0 {
		return 16
	}
	return o.MaxOpen
}

// sqlMode is strict: a value that does not fit is an error, never cut.
const sqlMode = "'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"

func configure(cfg *mysql.Config, o Options) {
	cfg.ParseTime = true
	cfg.Loc = time.UTC
	cfg.ClientFoundRows = true
	cfg.InterpolateParams = true
	cfg.RejectReadOnly = true
	cfg.MultiStatements = false
	cfg.MaxAllowedPacket = 0 // ask the server: a statement it would cut the connection for is refused before it is sent
	cfg.CheckConnLiveness = true
	cfg.Timeout = 10 * time.Second
	cfg.WriteTimeout = 30 * time.Second
	cfg.ReadTimeout = o.ReadTimeout
	if cfg.ReadTimeout == 0 {
		cfg.ReadTimeout = time.Minute
	}
	cfg.Logger = &mysql.NopLogger{}
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["time_zone"] = "'+00:00'"
	cfg.Params["sql_mode"] = sqlMode
	if cfg.Params["innodb_lock_wait_timeout"] == "" {
		// A program that holds rows for longer is waited for by a retry, which
		// holds up nothing else.
		cfg.Params["innodb_lock_wait_timeout"] = "3"
	}
	if !o.Foreign {
		cfg.Params["@odoosync_applying"] = "1"
	}
}

// parse reads either form of DSN.
func parse(dsn string) (*mysql.Config, error) {
	if dsn == "" {
		return nil, record.Errorf(record.CodeConfig, "database.dsn is empty: set it, or start with --local-db for a private database")
	}
	if rest, ok := strings.CutPrefix(dsn, "mysql://"); ok {
		return parseURL(rest)
	}
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, record.Errorf(record.CodeConfig,
			"database.dsn cannot be read (%s): write it as user:password@tcp(host:3306)/name or mysql://user:password@host:3306/name", errorWord(err))
	}
	if cfg.DBName == "" {
		return nil, record.Errorf(record.CodeConfig, "database.dsn names no database: end it with /name")
	}
	return cfg, nil
}

func parseURL(rest string) (*mysql.Config, error) {
	u, err := url.Parse("mysql://" + rest)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") == "" {
		return nil, record.Errorf(record.CodeConfig, "database.dsn is not a mysql://user:password@host:3306/name URL (a password's special characters must be percent-encoded)")
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.DBName = "tcp", strings.Trim(u.Path, "/")
	cfg.Addr = u.Host
	if u.Port() == "" {
		cfg.Addr = u.Host + ":3306"
	}
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	return cfg, nil
}

// errorWord gives the driver's reason where it holds nothing of the DSN.
func errorWord(err error) string {
	text := err.Error()
	if i := strings.IndexAny(text, "\"'`"); i >= 0 {
		text = strings.TrimSpace(text[:i])
	}
	return strings.TrimSuffix(text, ":")
}

// Redact returns the DSN with its password hidden, for messages.
func Redact(dsn string) string {
	cfg, err := parse(dsn)
	if err != nil {
		return "(unreadable)"
	}
	if cfg.Passwd != "" {
		cfg.Passwd = "***"
	}
	return cfg.User + ":" + cfg.Passwd + "@" + cfg.Net + "(" + cfg.Addr + ")/" + cfg.DBName
}

// Name is the database's name.
func (db *DB) Name() string { return db.name }

// Reachable pings the server; the error is a sentence.
func (db *DB) Reachable(ctx context.Context) error {
	err := db.PingContext(ctx)
	var failed *net.OpError
	if errors.As(err, &failed) && failed.Op == "dial" {
		return record.Wrap(record.CodeUnavailable, err, "%s: check that it runs, and the address in database.dsn", sentenceUnreachable)
	}
	return Explain(err)
}
