// Package addons makes the Odoo module's folders, one for each series of Odoo,
// from the one source in addons/source. What differs between series is marked
// in the source itself, and nothing else is rewritten:
//
//   - a line that ends in "# only 16 17" (Python) or "<!-- only 16 17 -->" (XML)
//     stands in the folders of these series, without the mark;
//   - {{list}} is the series' name of a list view, tree until 17 and list since.
package addons
