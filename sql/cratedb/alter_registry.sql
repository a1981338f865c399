alter table {registry} add column source_identity text, add column key_types text
