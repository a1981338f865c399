alter table {dead_letters} add column if not exists sequence_number text
