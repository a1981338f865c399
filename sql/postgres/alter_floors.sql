alter table if exists {floors} add column if not exists source_identity text
