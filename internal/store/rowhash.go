package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Hasher lets the server tell which rows are still as a sweep found them.
//
// A row's hash is that of its id, Odoo's id, its columns and its lines, as the
// server shows them: the first 16 bytes of a SHA-256, because newer servers have
// no MD5 of their own, in sync_links.row_hash. Every write of a link empties it,
// and SaveHashes fills it. What is hashed cannot be read in two ways: each value
// comes as its bytes, whatever its collation, behind their number, and NULL as a
// sign of its own. Of the lines there are the count and two times 64 bits of each
// one's hash, XORed: that asks for no order and knows no length, and as a line's
// id is in it, no two are the same.
type Hasher struct {
	table Table
	key   string // the row's id as sync_links keeps it
	hash  string // the expression, over t
}

// NewHasher makes the hasher of a table and its lines. layout is whatever else
// the meaning of the columns depends on: rows that were hashed under another one,
// or with other columns, count as not compared.
func NewHasher(layout string, t Table, children []Table) Hasher {
	parts := []string{"t"}
	for _, c := range own(t) {
		parts = append(parts, hashed("t", c))
	}
	for _, c := range children {
		parts = append(parts, linesHash(t, c))
	}
	sum := sha256.Sum256([]byte(layout + "\x00" + strings.Join(parts, "\x00")))
	parts[0] = "'" + hex.EncodeToString(sum[:8]) + "'"
	return Hasher{table: t, key: "CONVERT(CAST(t." + quote(t.ID) + " AS CHAR) USING ascii) COLLATE ascii_bin",
		hash: "UNHEX(LEFT(SHA2(CONCAT(" + strings.Join(parts, ", ") + "), 256), 32))"}
}

// own are the columns that make a row what it is.
func own(t Table) []string {
	columns := []string{t.ID}
	for _, c := range []string{t.OdooID, t.Position} {
		if c != "" {
			columns = append(columns, c)
		}
	}
	return append(columns, t.Columns...)
}

// hashed is a value's bytes behind their number, or a minus for NULL.
func hashed(alias, column string) string {
	v := "CAST(" + alias + "." + quote(column) + " AS BINARY)"
	return "COALESCE(CONCAT(LENGTH(" + v + "), ':', " + v + "), '-')"
}

// linesHash is a text for all lines of a row.
func linesHash(t, c Table) string {
	columns := own(c)
	parts := make([]string, len(columns))
	for i, column := range columns {
		parts[i] = hashed("c", column)
	}
	sum := "SHA2(CONCAT(" + strings.Join(parts, ", ") + "), 256)"
	half := func(part string) string {
		return "BIT_XOR(CAST(CONV(" + part + "(" + sum + ", 16), 16, 10) AS UNSIGNED))"
	}
	return "(SELECT CONCAT_WS(',', COUNT(*), " + half("LEFT") + ", " + half("RIGHT") + ", '') FROM " + quote(c.Name) + " c WHERE c." + quote(c.Parent) + " = t." + quote(t.ID) + ")"
}

// Page returns how many rows follow the one with the id `after` ("" for the
// first), up to limit, and the last one's id.
func (h Hasher) Page(ctx context.Context, q Queryer, after string, limit int) (last string, n int64, err error) {
	id := quote(h.table.ID)
	where, args := "", []any{}
	if after != "" {
		where, args = " WHERE "+id+" > ?", append(args, after)
	}
	rows, err := q.QueryContext(ctx, "SELECT COALESCE(CAST(MAX(p.id) AS CHAR), ''), COUNT(*) FROM (SELECT "+id+" AS id FROM "+quote(h.table.Name)+where+
		" ORDER BY "+id+" LIMIT ?) p", append(args, limit)...)
	if err != nil {
		return "", 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&last, &n); err != nil {
			return "", 0, err
		}
	}
	return last, n, rows.Err()
}

// Unsettled is a row whose link does not say that it was compared as it is now.
type Unsettled struct {
	ID     string
	Key    string // the id as sync_links and the outbox keep it: ? for what is not ASCII
	Hash   []byte // of the row as it is; nil where the server could not tell
	LinkID int64  // 0: nobody linked it
	Was    []byte // the link's hash, nil for none
}

// Unsettled returns the rows of a page, behind `after` up to last, whose hash is
// not their link's. Nothing is locked; q should be a snapshot, so that what is
// read of these rows afterwards is what was hashed.
func (h Hasher) Unsettled(ctx context.Context, q Queryer, entity, after, last string) ([]Unsettled, error) {
	id := "t." + quote(h.table.ID)
	where, args := id+" <= ?", []any{entity, last}
	if after != "" {
		where, args = where+" AND "+id+" > ?", append(args, after)
	}
	rows, err := q.QueryContext(ctx, h.query(id, where), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Unsettled
	for rows.Next() {
		var u Unsettled
		if err := rows.Scan(&u.ID, &u.Key, &u.Hash, &u.LinkID, &u.Was); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}

// query looks each row's link up by its key. A hash that the server could not
// tell is NULL, and settles nothing.
func (h Hasher) query(id, where string) string {
	return "SELECT CAST(" + id + " AS CHAR), " + h.key + ", " + h.hash + ", COALESCE(l.id, 0), l.row_hash FROM " + quote(h.table.Name) + " t" +
		" LEFT JOIN sync_links l FORCE INDEX (uq_links_local) ON l.entity = ? AND l.local_id = " + h.key +
		" WHERE " + where + " AND (l.row_hash IS NULL OR NOT (l.row_hash <=> " + h.hash + "))"
}

// LinkHash is a hash to note on a link, whose row was read when the link had
// this version and that hash.
type LinkHash struct {
	LinkID, Version int64
	Was, Hash       []byte
}

// SaveHashes notes hashes on links, and nothing else: it raises no version. A
// link that was written since is left as it is.
func SaveHashes(ctx context.Context, tx Execer, hashes []LinkHash) error {
	if len(hashes) == 0 {
		return nil
	}
	rows := make([][4]any, len(hashes))
	for i, h := range hashes {
		rows[i] = [4]any{h.LinkID, h.Version, hexOrNull(h.Was), hexOrNull(h.Hash)}
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]', version BIGINT PATH '$[1]', was CHAR(32) PATH '$[2]', hash CHAR(32) PATH '$[3]')) n"+
		" STRAIGHT_JOIN sync_links l ON l.id = n.id SET l.row_hash = UNHEX(n.hash) WHERE l.version = n.version AND l.row_hash <=> UNHEX(n.was)", string(list))
	return err
}

func hexOrNull(b []byte) any {
	if b == nil {
		return nil
	}
	return hex.EncodeToString(b)
}

// Differing is the hash noted on the link of a row that differs from what was
// agreed on, and of which a sweep knows: never the row's own.
func Differing(hash []byte) []byte {
	if hash == nil {
		return nil
	}
	out := bytes.Clone(hash)
	for i := range out {
		out[i] = ^out[i]
	}
	return out
}
