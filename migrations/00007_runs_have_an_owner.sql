-- Which process works a run: one that was frozen past its lease must not undo
-- what another one has noted since.

-- +goose Up
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sync_runs' AND COLUMN_NAME = 'owner');
SET @change = IF(@missing, 'ALTER TABLE sync_runs ADD COLUMN owner CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL', 'DO 0');
PREPARE change_runs FROM @change;
EXECUTE change_runs;
DEALLOCATE PREPARE change_runs;

-- +goose Down
ALTER TABLE sync_runs DROP COLUMN owner;
