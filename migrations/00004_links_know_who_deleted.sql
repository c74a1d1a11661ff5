-- A tombstone knows which side deleted first: a record that Odoo has after all
-- revives the row only if the row was not deleted here.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sync_links' AND COLUMN_NAME = 'deleted_by');
SET @change = IF(@missing, 'ALTER TABLE sync_links ADD COLUMN deleted_by ENUM(''odoo'', ''local'') NULL', 'DO 0');
PREPARE change_links FROM @change;
EXECUTE change_links;
DEALLOCATE PREPARE change_links;

-- +goose Down
ALTER TABLE sync_links DROP COLUMN deleted_by;
