"""Pages as data: fields by label, evidence of saving, a warm session. Knows no product."""
