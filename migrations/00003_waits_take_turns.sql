-- A record that waits for a parent and cannot be synced is looked at again
-- later, so that the others get their turn.
--
-- An ALTER in a form that can be run again: MySQL commits each one by itself,
-- and a migration that was interrupted starts over.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sync_waits' AND COLUMN_NAME = 'next_at');
SET @change = IF(@missing, 'ALTER TABLE sync_waits ADD COLUMN next_at DATETIME(6) NULL, ADD INDEX idx_waits_next (next_at)', 'DO 0');
PREPARE change_waits FROM @change;
EXECUTE change_waits;
DEALLOCATE PREPARE change_waits;

-- +goose Down
ALTER TABLE sync_waits DROP INDEX idx_waits_next, DROP COLUMN next_at;
