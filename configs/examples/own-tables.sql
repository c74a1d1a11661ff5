-- Tables as an API may have had them for years: names of its own, a text for a
-- key, columns that Odoo knows nothing of. See docs/own-tables.md.

CREATE TABLE clients (
    client_no      VARCHAR(36) NOT NULL DEFAULT (UUID()) PRIMARY KEY,
    erp_id         INT NULL UNIQUE,                    -- Odoo's id
    raison_sociale VARCHAR(255) NULL,
    societe        BOOLEAN NOT NULL DEFAULT FALSE,
    courriel       VARCHAR(255) NULL,
    ville          VARCHAR(255) NULL,
    pays           CHAR(2) NULL,
    supprime_le    DATETIME NULL,
    origine        VARCHAR(16) NOT NULL DEFAULT 'odoo', -- the API's own
    note_interne   TEXT NULL                            -- the API's own
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE factures (
    facture_no     INT AUTO_INCREMENT PRIMARY KEY,
    erp_id         INT NULL UNIQUE,
    client_no      VARCHAR(36) NULL,
    numero         VARCHAR(64) NULL,                    -- Odoo's legal number
    reference      VARCHAR(64) NULL,                    -- the API's
    etat           VARCHAR(16) NULL,
    date_facture   DATE NULL,
    total_ttc      DECIMAL(12, 2) NULL,
    supprimee_le   DATETIME NULL,
    relancee_le    DATETIME NULL,                       -- the API's own
    FOREIGN KEY (client_no) REFERENCES clients (client_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE facture_lignes (
    ligne_no       INT AUTO_INCREMENT PRIMARY KEY,
    erp_id         INT NULL UNIQUE,
    facture_no     INT NOT NULL,
    rang           SMALLINT NOT NULL DEFAULT 0,
    libelle        VARCHAR(2000) NULL,
    quantite       DECIMAL(12, 3) NULL,
    prix_unitaire  DECIMAL(14, 4) NULL,
    taxes          JSON NULL,
    eleve_id       INT NULL,                            -- the API's own
    FOREIGN KEY (facture_no) REFERENCES factures (facture_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
