-- How many records were deleted in the last day is asked before more are.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sync_changes' AND INDEX_NAME = 'idx_changes_deletes');
SET @change = IF(@missing, 'ALTER TABLE sync_changes ADD INDEX idx_changes_deletes (op, entity, side, at)', 'DO 0');
PREPARE change_changes FROM @change;
EXECUTE change_changes;
DEALLOCATE PREPARE change_changes;

-- +goose Down
ALTER TABLE sync_changes DROP INDEX idx_changes_deletes;
