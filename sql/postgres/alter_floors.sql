alter table {floors} add column if not exists source_identity text
