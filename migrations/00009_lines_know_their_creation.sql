-- When a line was created: a restored Odoo gives the ids of lines again too.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sync_lines' AND COLUMN_NAME = 'odoo_create_date');
SET @change = IF(@missing, 'ALTER TABLE sync_lines ADD COLUMN odoo_create_date DATETIME NULL', 'DO 0');
PREPARE change_lines FROM @change;
EXECUTE change_lines;
DEALLOCATE PREPARE change_lines;

-- +goose Down
ALTER TABLE sync_lines DROP COLUMN odoo_create_date;
