package odoosim

// configParameters is the model of the settings that hold for a database; its
// database.uuid tells one database from another, and from its own copies.
const configParameters, databaseUUID = "ir.config_parameter", "database.uuid"

// parameterFields are as Odoo's ir_config_parameter.py has them.
func parameterFields() map[string]field {
	return map[string]field{
		"key": {Type: "char", Required: true, Store: true, Label: "Key"}, "value": {Type: "text", Required: true, Store: true, Label: "Value"},
		"display_name": {Type: "char", Readonly: true, Label: "Display Name"},
		"create_date":  {Type: "datetime", Readonly: true, Store: true, Label: "Created on"}, "write_date": {Type: "datetime", Readonly: true, Store: true, Label: "Last Updated on"},
	}
}

// SetDatabaseUUID makes the database another one, as a copy is that was given an
// identity of its own.
func (s *Server) SetDatabaseUUID(uuid string) {
	for _, id := range s.IDs(configParameters) {
		if s.Get(configParameters, id)["key"] == databaseUUID {
			s.Write(configParameters, id, Values{"value": uuid})
		}
	}
}
