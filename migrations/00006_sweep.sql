-- What the poll and the sweep compare without reading a record: which records
-- Odoo showed last and when they were written, line by line too, which rows are
-- known to hold what was agreed on, and the names behind ids as they were shown.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sync_links' AND COLUMN_NAME = 'present');
SET @change = IF(@missing, 'ALTER TABLE sync_links ADD COLUMN present BOOLEAN NOT NULL DEFAULT FALSE, ADD COLUMN row_hash BINARY(16) NULL, ADD INDEX idx_links_present (entity, present, odoo_write_date, odoo_id)', 'DO 0');
PREPARE change_links FROM @change;
EXECUTE change_links;
DEALLOCATE PREPARE change_links;

UPDATE sync_links SET present = TRUE
    WHERE NOT present AND odoo_id IS NOT NULL AND odoo_create_date IS NOT NULL AND state NOT IN ('deleted', 'hidden', 'left');

SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sync_runs' AND COLUMN_NAME = 'cancel_requested');
SET @change = IF(@missing, 'ALTER TABLE sync_runs ADD COLUMN cancel_requested BOOLEAN NOT NULL DEFAULT FALSE', 'DO 0');
PREPARE change_runs FROM @change;
EXECUTE change_runs;
DEALLOCATE PREPARE change_runs;

-- The lines of the records, as Odoo listed them with their record.
CREATE TABLE IF NOT EXISTS sync_lines (
    entity          VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    child           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,  -- Odoo's field of the lines
    odoo_id         BIGINT NOT NULL,
    parent_odoo_id  BIGINT NOT NULL,
    odoo_write_date DATETIME NULL,
    PRIMARY KEY (entity, child, odoo_id),
    INDEX idx_lines_parent (entity, child, parent_odoo_id),
    INDEX idx_lines_written (entity, child, odoo_write_date, odoo_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The names that rows show of other records (stages, taxes, products).
CREATE TABLE IF NOT EXISTS sync_names (
    model   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    field   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    odoo_id BIGINT NOT NULL,
    name    TEXT NULL,
    PRIMARY KEY (model, field, odoo_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- +goose Down
DROP TABLE IF EXISTS sync_names;
DROP TABLE IF EXISTS sync_lines;
ALTER TABLE sync_runs DROP COLUMN cancel_requested;
ALTER TABLE sync_links DROP INDEX idx_links_present, DROP COLUMN row_hash, DROP COLUMN present;
