-- What Odoo says of its streams: whether it knows one at all, and from which
-- webhook on its numbers count, once a restored Odoo gives them out again.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sync_streams' AND COLUMN_NAME = 'known');
SET @change = IF(@missing, 'ALTER TABLE sync_streams ADD COLUMN known BOOLEAN NULL, ADD COLUMN newest BIGINT NOT NULL DEFAULT 0, ADD COLUMN newest_at DATETIME(6) NULL, ADD COLUMN after_id BIGINT NOT NULL DEFAULT 0, ADD COLUMN went_back BOOLEAN NOT NULL DEFAULT FALSE', 'DO 0');
PREPARE change_streams FROM @change;
EXECUTE change_streams;
DEALLOCATE PREPARE change_streams;

-- +goose Down
ALTER TABLE sync_streams DROP COLUMN went_back, DROP COLUMN after_id, DROP COLUMN newest_at, DROP COLUMN newest, DROP COLUMN known;
