-- The daemon's own tables. API programs may read all of them; sync_status is
-- made for that.

-- +goose Up

-- Every webhook received, as it came: the log, and the queue of work. The first
-- nine columns are the user guide's.
CREATE TABLE IF NOT EXISTS webhook_logs (
    id              INT AUTO_INCREMENT PRIMARY KEY,
    event_type      VARCHAR(100) NOT NULL,
    event_data      JSON NULL,                       -- the payload's "data"
    status          ENUM('success', 'error', 'pending') NOT NULL DEFAULT 'pending',
    error_message   TEXT NULL,
    received_at     TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
    processed_at    TIMESTAMP NULL,
    model           VARCHAR(64) NULL,                -- Odoo's model
    odoo_id         BIGINT NULL,
    event_time      DATETIME(6) NULL,                -- the envelope's timestamp, never after the receipt
    body            MEDIUMBLOB NOT NULL,             -- the request as received: what is processed
    source          VARCHAR(16) NOT NULL,            -- webhook, automation, recheck (a second look)
    delivery_id     VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL, -- Standard Webhooks' webhook-id
    request_id      VARCHAR(64) NULL,
    attempts        INT NOT NULL DEFAULT 0,
    next_attempt_at DATETIME(6) NOT NULL,
    lease_owner     VARCHAR(64) NULL,
    lease_until     DATETIME(6) NULL,
    outcome         VARCHAR(16) NULL,                -- applied, merged (nothing to change), ignored, deleted, failed
    received_us     DATETIME(6) NOT NULL,
    finished_us     DATETIME(6) NULL,
    processing_us   BIGINT NULL,
    INDEX idx_event_type (event_type),
    INDEX idx_status (status),
    INDEX idx_received_at (received_at),
    INDEX idx_due (status, next_attempt_at, id),
    INDEX idx_record (model, odoo_id, status, id),
    UNIQUE KEY uq_delivery (delivery_id),
    CONSTRAINT ck_webhook_logs_done CHECK ((status = 'pending') = (processed_at IS NULL)),
    CONSTRAINT ck_webhook_logs_lease CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Which row is which record, and what both sides last agreed on.
CREATE TABLE IF NOT EXISTS sync_links (
    id               BIGINT AUTO_INCREMENT PRIMARY KEY,
    entity           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    local_id         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    odoo_id          BIGINT NULL,
    uuid             CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    base             JSON NULL,
    intent           JSON NULL,                      -- a write to Odoo whose outcome is not known yet
    intent_deadline  DATETIME(6) NULL,
    field_times      JSON NULL,                      -- payload mode: the event time of each field
    odoo_write_date  DATETIME NULL,
    odoo_create_date DATETIME NULL,
    state            VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    error            TEXT NULL,
    version          BIGINT NOT NULL DEFAULT 0,
    synced_at        DATETIME(6) NULL,
    lease_owner      VARCHAR(64) NULL,
    lease_until      DATETIME(6) NULL,
    created_at       DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    UNIQUE KEY uq_links_local (entity, local_id),
    UNIQUE KEY uq_links_odoo (entity, odoo_id),
    UNIQUE KEY uq_links_uuid (uuid),
    CONSTRAINT ck_links_state CHECK (state IN ('pending', 'synced', 'conflict', 'error', 'deleted', 'hidden', 'left')),
    CONSTRAINT ck_links_error CHECK (state <> 'error' OR error IS NOT NULL),
    CONSTRAINT ck_links_intent CHECK ((intent IS NULL) = (intent_deadline IS NULL)),
    CONSTRAINT ck_links_ids CHECK (local_id IS NOT NULL OR odoo_id IS NOT NULL)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Records whose parent has no row here yet: they are synced again when it has.
CREATE TABLE IF NOT EXISTS sync_waits (
    entity       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    odoo_id      BIGINT NOT NULL,
    want_entity  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    want_odoo_id BIGINT NOT NULL,
    created_at   DATETIME(6) NOT NULL,
    PRIMARY KEY (entity, odoo_id, want_entity, want_odoo_id),
    INDEX idx_waits_want (want_entity, want_odoo_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Local edits on their way to Odoo, written by triggers in the API's own transaction.
CREATE TABLE IF NOT EXISTS sync_outbox (
    id              BIGINT AUTO_INCREMENT PRIMARY KEY,
    entity          VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    local_id        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    op              ENUM('insert', 'update', 'delete') NOT NULL,
    changed_columns JSON NULL,
    changed_at      DATETIME(6) NOT NULL,
    status          ENUM('pending', 'done', 'error') NOT NULL DEFAULT 'pending',
    error_message   TEXT NULL,
    attempts        INT NOT NULL DEFAULT 0,
    next_attempt_at DATETIME(6) NOT NULL,
    lease_owner     VARCHAR(64) NULL,
    lease_until     DATETIME(6) NULL,
    INDEX idx_outbox_due (status, next_attempt_at, id),
    INDEX idx_outbox_record (entity, local_id, status, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Values that would otherwise have vanished: both sides' and the base's.
CREATE TABLE IF NOT EXISTS sync_conflicts (
    id          BIGINT AUTO_INCREMENT PRIMARY KEY,
    entity      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    local_id    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    odoo_id     BIGINT NULL,
    field       VARCHAR(255) NOT NULL,
    base_odoo   LONGTEXT NULL,
    base_local  LONGTEXT NULL,
    odoo_value  LONGTEXT NULL,
    local_value LONGTEXT NULL,
    policy      VARCHAR(16) NOT NULL,
    state       ENUM('open', 'resolved') NOT NULL DEFAULT 'open',
    winner      ENUM('odoo', 'local') NULL,
    created_at  DATETIME(6) NOT NULL,
    updated_at  DATETIME(6) NOT NULL,
    resolved_at DATETIME(6) NULL,
    resolved_by VARCHAR(255) NULL,
    INDEX idx_conflicts_state (state, entity),
    INDEX idx_conflicts_record (entity, odoo_id, state),
    INDEX idx_conflicts_local (entity, local_id),
    CONSTRAINT ck_conflicts_resolved CHECK ((state = 'open') = (resolved_at IS NULL))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS sync_runs (
    id           BIGINT AUTO_INCREMENT PRIMARY KEY,
    kind         VARCHAR(16) NOT NULL,               -- import, poll, sweep, resync, push
    entity       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    mode         VARCHAR(16) NULL,
    state        ENUM('running', 'done', 'failed', 'cancelled') NOT NULL DEFAULT 'running',
    cause        VARCHAR(255) NULL,
    total        BIGINT NULL,
    done         BIGINT NOT NULL DEFAULT 0,
    counts       JSON NULL,
    position     JSON NULL,                          -- where to go on after a crash
    error        TEXT NULL,
    started_at   DATETIME(6) NOT NULL,
    heartbeat_at DATETIME(6) NOT NULL,
    finished_at  DATETIME(6) NULL,
    INDEX idx_runs_state (state, kind, entity),
    CONSTRAINT ck_runs_finished CHECK ((state = 'running') = (finished_at IS NULL))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Every applied change with its cause: why does this row have this value?
CREATE TABLE IF NOT EXISTS sync_changes (
    id         BIGINT AUTO_INCREMENT PRIMARY KEY,
    at         DATETIME(6) NOT NULL,
    entity     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    local_id   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    odoo_id    BIGINT NULL,
    side       ENUM('odoo', 'local') NOT NULL,       -- the side that was changed
    op         ENUM('create', 'update', 'delete', 'revive', 'link', 'adopt') NOT NULL,
    changes    JSON NULL,                            -- {"field": [old, new]}
    cause_kind VARCHAR(16) NOT NULL,
    cause_id   VARCHAR(64) NULL,
    run_id     BIGINT NULL,
    INDEX idx_changes_local (entity, local_id, id),
    INDEX idx_changes_odoo (entity, odoo_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS sync_cursors (
    name       VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
    value      JSON NOT NULL,
    updated_at DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS sync_leases (
    name  VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
    owner VARCHAR(128) NOT NULL,
    until DATETIME(6) NOT NULL,
    fence BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What an API programmer asks: is this row in step, and if not, why?
CREATE OR REPLACE SQL SECURITY INVOKER VIEW sync_status AS
    SELECT entity, local_id, odoo_id, state, error, synced_at FROM sync_links;

-- +goose Down
DROP VIEW IF EXISTS sync_status;
DROP TABLE IF EXISTS sync_leases;
DROP TABLE IF EXISTS sync_cursors;
DROP TABLE IF EXISTS sync_changes;
DROP TABLE IF EXISTS sync_runs;
DROP TABLE IF EXISTS sync_conflicts;
DROP TABLE IF EXISTS sync_outbox;
DROP TABLE IF EXISTS sync_waits;
DROP TABLE IF EXISTS sync_links;
DROP TABLE IF EXISTS webhook_logs;
