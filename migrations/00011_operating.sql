-- What the people who operate the daemon ask: webhooks by error and by the name
-- of their record, figures by hour, and who did what.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'webhook_logs' AND COLUMN_NAME = 'error_code');
SET @change = IF(@missing, 'ALTER TABLE webhook_logs ADD COLUMN error_code VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL, ADD COLUMN subject VARCHAR(255) NULL, ADD COLUMN replayed_at DATETIME(6) NULL, ADD COLUMN body_sha BINARY(32) NULL, ADD INDEX idx_subject (subject), ADD INDEX idx_error (error_code), ADD INDEX idx_event_status (event_type, status), ADD INDEX idx_finished (finished_us), ADD INDEX idx_origin (origin)', 'DO 0');
PREPARE change_logs FROM @change;
EXECUTE change_logs;
DEALLOCATE PREPARE change_logs;

UPDATE webhook_logs SET subject = LEFT(JSON_VALUE(event_data, '$.name'), 255)
    WHERE subject IS NULL AND JSON_TYPE(JSON_EXTRACT(event_data, '$.name')) = 'STRING';

-- Webhooks by the hour of their receipt. What retention has removed from
-- webhook_logs is counted in the rows with purged = 1; the others are counted
-- anew whenever something of their hour changes.
CREATE TABLE IF NOT EXISTS webhook_hours (
    hour       DATETIME NOT NULL,                                           -- its beginning, UTC
    event_type VARCHAR(100) NOT NULL,
    status     ENUM('success', 'error', 'pending') NOT NULL,
    error_code VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,  -- '' for none
    bucket     SMALLINT NOT NULL,                                           -- FLOOR(4 * LOG2(processing_us)); -1 for no time
    purged     BOOLEAN NOT NULL DEFAULT FALSE,
    n          BIGINT NOT NULL,
    sum_us     BIGINT NOT NULL,
    PRIMARY KEY (hour, event_type, status, error_code, bucket, purged)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The same by day (UTC), and the bare numbers of an hour: a quarter of a year
-- has too many of the rows above to be added up while a person waits.
CREATE TABLE IF NOT EXISTS webhook_days (
    day        DATE NOT NULL,
    event_type VARCHAR(100) NOT NULL,
    status     ENUM('success', 'error', 'pending') NOT NULL,
    error_code VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    bucket     SMALLINT NOT NULL,
    n          BIGINT NOT NULL,
    sum_us     BIGINT NOT NULL,
    PRIMARY KEY (day, event_type, status, error_code, bucket)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS webhook_totals (
    hour   DATETIME NOT NULL,
    status ENUM('success', 'error', 'pending') NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (hour, status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Closed hours that are to be counted anew: a webhook of them was replayed or removed.
CREATE TABLE IF NOT EXISTS webhook_dirty (
    hour DATETIME NOT NULL PRIMARY KEY
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- How long senders waited for their answers.
CREATE TABLE IF NOT EXISTS response_hours (
    hour   DATETIME NOT NULL,
    class  SMALLINT NOT NULL,                                               -- the HTTP status / 100
    bucket SMALLINT NOT NULL,
    n      BIGINT NOT NULL,
    sum_us BIGINT NOT NULL,
    PRIMARY KEY (hour, class, bucket)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS sync_audit (
    id      BIGINT AUTO_INCREMENT PRIMARY KEY,
    at      DATETIME(6) NOT NULL,
    who     VARCHAR(255) NOT NULL,           -- admin token, read token, command line, ...
    action  VARCHAR(64) NOT NULL,            -- resync, replay, resolve, forget, ...
    target  VARCHAR(255) NULL,               -- what it was done to
    details JSON NULL,
    result  TEXT NULL,                       -- done, or the sentence of the refusal
    client  VARCHAR(255) NULL                -- the address it came from
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- +goose Down
DROP TABLE IF EXISTS sync_audit;
DROP TABLE IF EXISTS response_hours;
DROP TABLE IF EXISTS webhook_dirty;
DROP TABLE IF EXISTS webhook_totals;
DROP TABLE IF EXISTS webhook_days;
DROP TABLE IF EXISTS webhook_hours;
ALTER TABLE webhook_logs DROP INDEX idx_origin, DROP INDEX idx_finished, DROP INDEX idx_event_status, DROP INDEX idx_error, DROP INDEX idx_subject, DROP COLUMN body_sha, DROP COLUMN replayed_at, DROP COLUMN subject, DROP COLUMN error_code;
