package odoosim

// lookupFields are the fields of models whose fields_get was not recorded, as
// far as a mapping looks at them.
var lookupFields = map[string]map[string]field{
	"res.country":          named("code"),
	"res.country.state":    named("code"),
	"res.currency":         named(),
	"res.company":          named(),
	"res.users":            {"name": {Type: "char"}, "login": {Type: "char"}, "company_id": {Type: "many2one", Relation: "res.company"}, "company_ids": {Type: "many2many", Relation: "res.company"}},
	externalIDs:            {"name": {Type: "char"}, "module": {Type: "char"}, "model": {Type: "char"}, "res_id": {Type: "integer"}, "noupdate": {Type: "boolean"}},
	"crm.stage":            {"name": {Type: "char"}, "is_won": {Type: "boolean"}},
	"crm.team":             named(),
	"crm.tag":              named(),
	"crm.lost.reason":      named(),
	"utm.source":           named(),
	"utm.medium":           named(),
	"utm.campaign":         named(),
	"account.tax":          named(),
	"account.journal":      named("code"),
	"account.payment.term": named(),
	"uom.uom":              named(),
	"product.product":      named("default_code"),
}

func named(more ...string) map[string]field {
	out := map[string]field{"name": {Type: "char"}}
	for _, name := range more {
		out[name] = field{Type: "char"}
	}
	return out
}

// lookups fills the models that records point at.
func (s *Server) lookups() {
	s.table("res.country").next = 75 // France has this id in every Odoo
	for model, rows := range map[string][]Values{
		"res.country":          {{"name": "France", "code": "FR"}},
		"res.currency":         {{"name": "EUR"}},
		"res.company":          {{"name": "Voyages Scolaires"}},
		"res.users":            {{"name": "Robot", "login": "__system__", "company_id": 1, "company_ids": []int64{1}}, {"name": "Administrateur", "login": "admin", "company_id": 1, "company_ids": []int64{1}}},
		"crm.stage":            {{"name": "Nouveau", "is_won": false}, {"name": "Qualifié", "is_won": false}, {"name": "Proposition", "is_won": false}, {"name": "Gagné", "is_won": true}},
		"crm.team":             {{"name": "Ventes"}},
		"crm.tag":              {{"name": "Collège"}, {"name": "Lycée"}, {"name": "Primaire"}},
		"crm.lost.reason":      {{"name": "Trop cher"}},
		"utm.source":           {{"name": "Site web"}, {"name": "Salon"}},
		"account.tax":          {{"name": "20%"}},
		"account.journal":      {{"name": "Factures clients", "code": "FAC"}},
		"account.payment.term": {{"name": "30 jours"}},
		"uom.uom":              {{"name": "Unités"}},
		"product.product":      {{"name": "Voyage Scolaire", "default_code": "VS"}, {"name": "Assurance annulation", "default_code": "ASS"}, {"name": "Transport en car", "default_code": "CAR"}},
	} {
		for _, v := range rows {
			s.Create(model, v)
		}
	}
}
