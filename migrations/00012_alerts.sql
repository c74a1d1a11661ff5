-- Which changes a webhook made, and what people were alerted of.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sync_changes' AND INDEX_NAME = 'idx_changes_cause');
SET @change = IF(@missing, 'ALTER TABLE sync_changes ADD INDEX idx_changes_cause (cause_kind, cause_id)', 'DO 0');
PREPARE change_changes FROM @change;
EXECUTE change_changes;
DEALLOCATE PREPARE change_changes;

-- What needs a person, from when it was seen until its end was told, and for an
-- hour more, in which it is not told again.
CREATE TABLE IF NOT EXISTS sync_alerts (
    reason   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, -- halted, dead_letters, ...
    message  TEXT NOT NULL,
    since    DATETIME(6) NOT NULL,   -- when it was first seen
    told_at  DATETIME(6) NULL,       -- when the receiver was told of it; NULL: it does not know
    fired_at DATETIME(6) NULL,       -- the last time that it was told of this reason
    over_at  DATETIME(6) NULL,       -- since when it is over
    tries    INT NOT NULL DEFAULT 0, -- to tell what is to be told, that failed
    tried_at DATETIME(6) NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- +goose Down
DROP TABLE IF EXISTS sync_alerts;
ALTER TABLE sync_changes DROP INDEX idx_changes_cause;
