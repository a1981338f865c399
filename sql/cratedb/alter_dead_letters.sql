alter table {dead_letters} add column sequence_number text
