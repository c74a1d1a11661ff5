-- The numbers that the Odoo module gives its deliveries, one stream a
-- configuration: which of them did not arrive. And who made the change that an
-- event tells of, where it was not a person: the daemon itself.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'webhook_logs' AND COLUMN_NAME = 'stream');
SET @change = IF(@missing, 'ALTER TABLE webhook_logs ADD COLUMN stream CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL, ADD COLUMN stream_number BIGINT NULL, ADD COLUMN origin VARCHAR(32) NULL, ADD INDEX idx_stream (stream, stream_number)', 'DO 0');
PREPARE change_logs FROM @change;
EXECUTE change_logs;
DEALLOCATE PREPARE change_logs;

-- Up to its mark each number of a stream has arrived or is in sync_missing.
CREATE TABLE IF NOT EXISTS sync_streams (
    stream  CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    mark    BIGINT NOT NULL DEFAULT 0,
    sent    BIGINT NOT NULL DEFAULT 0,                    -- the highest that Odoo has given out, as it told last
    seen_at DATETIME(6) NOT NULL                          -- when it was met first, UTC
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS sync_missing (
    stream   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    number   BIGINT NOT NULL,
    since    DATETIME(6) NOT NULL,                        -- when a later one had arrived, UTC
    look_at  DATETIME(6) NOT NULL,                        -- when Odoo is asked about it, UTC
    PRIMARY KEY (stream, number),
    INDEX idx_missing_due (look_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- +goose Down
DROP TABLE IF EXISTS sync_missing;
DROP TABLE IF EXISTS sync_streams;
ALTER TABLE webhook_logs DROP INDEX idx_stream, DROP COLUMN origin, DROP COLUMN stream_number, DROP COLUMN stream;
