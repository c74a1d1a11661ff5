package store

// UnsettledQuery is the statement for a page between two ids.
func UnsettledQuery(h Hasher) string { return h.query("t.`id`", "t.`id` <= ? AND t.`id` > ?") }
