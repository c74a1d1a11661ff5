-- The tables the API's own programs read and write. Their names and columns
-- are a contract; a user whose tables differ writes another mapping and leaves
-- these empty.
--
-- Each has the id the API uses and odoo_id (NULL until Odoo knows the record);
-- those of records that can be deleted also deleted_at (set when the record is
-- gone; rows are not removed, because others refer to them). Foreign keys restrict: the daemon brings parents first.

-- +goose Up
CREATE TABLE IF NOT EXISTS contacts (
    id              BIGINT AUTO_INCREMENT PRIMARY KEY,
    odoo_id         BIGINT NULL,
    type            VARCHAR(32) NULL,                -- contact, invoice, delivery, other, private
    name            VARCHAR(512) NULL,               -- an address may have none
    email           VARCHAR(255) NULL,
    phone           VARCHAR(64) NULL,
    mobile          VARCHAR(64) NULL,
    street          VARCHAR(512) NULL,
    street2         VARCHAR(512) NULL,
    zip             VARCHAR(32) NULL,
    city            VARCHAR(255) NULL,
    state_code      VARCHAR(16) NULL,
    country_code    VARCHAR(2) NULL,
    vat             VARCHAR(64) NULL,
    siret           VARCHAR(32) NULL,
    ref             VARCHAR(255) NULL,
    lang            VARCHAR(16) NULL,
    is_company      BOOLEAN NOT NULL DEFAULT FALSE,
    parent_id       BIGINT NULL,
    merged_into     BIGINT NULL,                     -- the survivor of a merge in Odoo
    odoo_company_id BIGINT NULL,
    active          BOOLEAN NOT NULL DEFAULT TRUE,
    created_at      DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at      DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    deleted_at      DATETIME NULL,
    UNIQUE KEY uq_contacts_odoo_id (odoo_id),
    INDEX idx_contacts_email (email),
    CONSTRAINT fk_contacts_parent FOREIGN KEY (parent_id) REFERENCES contacts (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT fk_contacts_merged FOREIGN KEY (merged_into) REFERENCES contacts (id) ON DELETE RESTRICT ON UPDATE RESTRICT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Orders. A confirmed one has a row in travels too.
CREATE TABLE IF NOT EXISTS quotes (
    id              BIGINT AUTO_INCREMENT PRIMARY KEY,
    odoo_id         BIGINT NULL,
    name            VARCHAR(255) NULL,
    state           VARCHAR(16) NULL,
    locked          BOOLEAN NOT NULL DEFAULT FALSE,  -- Odoo 16's state "done" is sale + locked
    contact_id      BIGINT NULL,
    client_ref      VARCHAR(255) NULL,
    amount_untaxed  DECIMAL(16, 2) NULL,
    amount_tax      DECIMAL(16, 2) NULL,
    amount_total    DECIMAL(16, 2) NULL,
    currency        VARCHAR(3) NULL,
    date_order      DATETIME NULL,
    odoo_user_id    BIGINT NULL,
    odoo_company_id BIGINT NULL,
    created_at      DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at      DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    deleted_at      DATETIME NULL,
    UNIQUE KEY uq_quotes_odoo_id (odoo_id),
    INDEX idx_quotes_name (name),
    CONSTRAINT fk_quotes_contact FOREIGN KEY (contact_id) REFERENCES contacts (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT ck_quotes_state CHECK (state IN ('draft', 'sent', 'sale', 'cancel'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS quote_lines (
    id              BIGINT AUTO_INCREMENT PRIMARY KEY,
    odoo_id         BIGINT NULL,
    quote_id        BIGINT NOT NULL,
    position        INT NOT NULL DEFAULT 0,          -- from 0, in Odoo's order
    display_type    VARCHAR(32) NULL,                -- line_section, line_note; NULL for a product line
    name            TEXT NULL,
    odoo_product_id BIGINT NULL,
    product_code    VARCHAR(255) NULL,
    product_name    VARCHAR(512) NULL,
    quantity        DECIMAL(20, 6) NULL,
    uom             VARCHAR(64) NULL,
    price_unit      DECIMAL(20, 6) NULL,
    discount        DECIMAL(20, 6) NULL,
    tax_codes       JSON NULL,                       -- NULL: Odoo's default taxes; []: none
    price_subtotal  DECIMAL(16, 2) NULL,
    price_total     DECIMAL(16, 2) NULL,
    is_downpayment  BOOLEAN NOT NULL DEFAULT FALSE,
    UNIQUE KEY uq_quote_lines_odoo_id (odoo_id),
    INDEX idx_quote_lines_quote (quote_id, position),
    CONSTRAINT fk_quote_lines_quote FOREIGN KEY (quote_id) REFERENCES quotes (id) ON DELETE RESTRICT ON UPDATE RESTRICT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row for each order once it is confirmed. destination, departs_on and
-- returns_on are the API's own: no sync touches them.
CREATE TABLE IF NOT EXISTS travels (
    id           BIGINT AUTO_INCREMENT PRIMARY KEY,
    quote_id     BIGINT NOT NULL,
    odoo_id      BIGINT NULL,
    name         VARCHAR(255) NULL,
    contact_id   BIGINT NULL,
    amount_total DECIMAL(16, 2) NULL,
    confirmed_at DATETIME NULL,
    status       VARCHAR(16) NOT NULL DEFAULT 'confirmed',
    destination  VARCHAR(255) NULL,
    departs_on   DATE NULL,
    returns_on   DATE NULL,
    created_at   DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at   DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    UNIQUE KEY uq_travels_quote (quote_id),
    UNIQUE KEY uq_travels_odoo_id (odoo_id),
    CONSTRAINT fk_travels_quote FOREIGN KEY (quote_id) REFERENCES quotes (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT fk_travels_contact FOREIGN KEY (contact_id) REFERENCES contacts (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT ck_travels_status CHECK (status IN ('confirmed', 'cancelled'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Customer invoices and credit notes. name is Odoo's legal number (NULL while
-- it is a draft); the API's own number goes into ref.
CREATE TABLE IF NOT EXISTS invoices (
    id                  BIGINT AUTO_INCREMENT PRIMARY KEY,
    odoo_id             BIGINT NULL,
    name                VARCHAR(255) NULL,
    move_type           VARCHAR(16) NOT NULL DEFAULT 'out_invoice',
    state               VARCHAR(16) NULL,
    payment_state       VARCHAR(32) NULL,            -- an open list: Odoo adds values
    contact_id          BIGINT NULL,
    quote_id            BIGINT NULL,
    reversed_invoice_id BIGINT NULL,                 -- what a credit note reverses
    invoice_origin      VARCHAR(512) NULL,
    ref                 VARCHAR(255) NULL,
    payment_reference   VARCHAR(255) NULL,
    payment_term        VARCHAR(255) NULL,
    journal             VARCHAR(64) NULL,
    invoice_date        DATE NULL,
    invoice_date_due    DATE NULL,
    amount_untaxed      DECIMAL(16, 2) NULL,
    amount_tax          DECIMAL(16, 2) NULL,
    amount_total        DECIMAL(16, 2) NULL,
    amount_total_signed DECIMAL(16, 2) NULL,         -- in company currency, negative for a credit note
    amount_residual     DECIMAL(16, 2) NULL,
    currency            VARCHAR(3) NULL,
    portal_url          VARCHAR(1024) NULL,
    odoo_company_id     BIGINT NULL,
    created_at          DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at          DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    deleted_at          DATETIME NULL,
    UNIQUE KEY uq_invoices_odoo_id (odoo_id),
    INDEX idx_invoices_name (name),
    CONSTRAINT fk_invoices_contact FOREIGN KEY (contact_id) REFERENCES contacts (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT fk_invoices_quote FOREIGN KEY (quote_id) REFERENCES quotes (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT fk_invoices_reversed FOREIGN KEY (reversed_invoice_id) REFERENCES invoices (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT ck_invoices_move_type CHECK (move_type IN ('out_invoice', 'out_refund')),
    CONSTRAINT ck_invoices_state CHECK (state IN ('draft', 'posted', 'cancel'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS invoice_lines (
    id              BIGINT AUTO_INCREMENT PRIMARY KEY,
    odoo_id         BIGINT NULL,
    invoice_id      BIGINT NOT NULL,
    position        INT NOT NULL DEFAULT 0,
    display_type    VARCHAR(32) NULL,
    name            TEXT NULL,
    odoo_product_id BIGINT NULL,
    product_code    VARCHAR(255) NULL,
    product_name    VARCHAR(512) NULL,
    quantity        DECIMAL(20, 6) NULL,
    uom             VARCHAR(64) NULL,
    price_unit      DECIMAL(20, 6) NULL,
    discount        DECIMAL(20, 6) NULL,
    tax_codes       JSON NULL,
    price_subtotal  DECIMAL(16, 2) NULL,
    price_total     DECIMAL(16, 2) NULL,
    is_downpayment  BOOLEAN NOT NULL DEFAULT FALSE,
    UNIQUE KEY uq_invoice_lines_odoo_id (odoo_id),
    INDEX idx_invoice_lines_invoice (invoice_id, position),
    CONSTRAINT fk_invoice_lines_invoice FOREIGN KEY (invoice_id) REFERENCES invoices (id) ON DELETE RESTRICT ON UPDATE RESTRICT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS leads (
    id               BIGINT AUTO_INCREMENT PRIMARY KEY,
    odoo_id          BIGINT NULL,
    name             VARCHAR(512) NULL,
    type             VARCHAR(16) NULL,
    stage            VARCHAR(255) NULL,
    status           VARCHAR(8) NOT NULL DEFAULT 'open',  -- lost = archived with probability 0
    probability      DECIMAL(20, 6) NULL,
    contact_id       BIGINT NULL,
    contact_name     VARCHAR(512) NULL,
    company_name     VARCHAR(512) NULL,
    email            VARCHAR(255) NULL,
    phone            VARCHAR(64) NULL,
    street           VARCHAR(512) NULL,
    zip              VARCHAR(32) NULL,
    city             VARCHAR(255) NULL,
    country_code     VARCHAR(2) NULL,
    description      MEDIUMTEXT NULL,                -- plain text; Odoo's is HTML
    expected_revenue DECIMAL(16, 2) NULL,
    salesperson      VARCHAR(255) NULL,
    team             VARCHAR(255) NULL,
    source           VARCHAR(255) NULL,
    medium           VARCHAR(255) NULL,
    campaign         VARCHAR(255) NULL,
    tags             JSON NULL,
    lost_reason      VARCHAR(255) NULL,
    active           BOOLEAN NOT NULL DEFAULT TRUE,
    converted_at     DATETIME NULL,
    odoo_company_id  BIGINT NULL,
    created_at       DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at       DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    deleted_at       DATETIME NULL,
    UNIQUE KEY uq_leads_odoo_id (odoo_id),
    INDEX idx_leads_email (email),
    CONSTRAINT fk_leads_contact FOREIGN KEY (contact_id) REFERENCES contacts (id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT ck_leads_type CHECK (type IN ('lead', 'opportunity')),
    CONSTRAINT ck_leads_status CHECK (status IN ('open', 'won', 'lost'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- +goose Down
DROP TABLE IF EXISTS leads;
DROP TABLE IF EXISTS invoice_lines;
DROP TABLE IF EXISTS invoices;
DROP TABLE IF EXISTS travels;
DROP TABLE IF EXISTS quote_lines;
DROP TABLE IF EXISTS quotes;
DROP TABLE IF EXISTS contacts;
