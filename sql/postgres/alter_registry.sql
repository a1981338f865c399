alter table {registry} add column if not exists source_identity text, add column if not exists key_types text
